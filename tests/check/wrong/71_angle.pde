domain x in [1/10, 1]
unknown u
eq u_xx = atan2(x, 1)
bc u = 0 on boundary
