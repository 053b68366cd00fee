domain x in [0, 1]
unknown u
fit k = 1
eq u_xx = k
bc u = 0 on boundary
bc u_x = 1 on x = 0
exact u = k*x*(x - 1)
