param nu = 0.2 in [0.01, 0.1]
time t in [0, 1]
domain x in [-1, 1]
unknown u
eq u_t + u*u_x = nu*u_xx
ic u = -sin(pi*x)
bc u = 0 on boundary
