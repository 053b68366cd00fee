domain x in [1/10, 1]
unknown u
eq u_xx = pow(x, 2)
bc u = 0 on boundary
