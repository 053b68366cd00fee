domain x in [1/10, 1]
unknown u
eq u_xx = -x/(2*x)/(x/3)
bc u = 0 on boundary
