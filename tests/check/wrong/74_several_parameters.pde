param a = 2, b = 1
domain x in [0, 1]
unknown u
eq u_xx = a + b
bc u = 0 on boundary
