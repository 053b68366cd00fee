time t in [0, 1]
domain x in [0, 1]
unknown u

boundary left: x = 0

eq u_t = u_xx - integral(u, t, over=left)
ic u = 1
bc u = 1 on boundary
