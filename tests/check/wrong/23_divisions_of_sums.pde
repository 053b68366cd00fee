domain x in [1/10, 1]
unknown u
eq u_xx = x/(x+1)/(x+2)
bc u = 0 on boundary
