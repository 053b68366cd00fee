domain x in [1, 2]
unknown u
eq u_xx = ln(x)
bc u = 0 on boundary
