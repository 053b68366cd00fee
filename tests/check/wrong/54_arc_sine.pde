domain x in [0, 2]
unknown u
eq u_xx = 1
bc u = asin(x + 1) on boundary
