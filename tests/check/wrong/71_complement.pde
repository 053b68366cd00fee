domain x in [1/10, 1]
unknown u
eq u_xx = erfc(x)
bc u = 0 on boundary
