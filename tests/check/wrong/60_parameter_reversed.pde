param nu in [0.1, 0.01]
time t in [0, 1]
domain x in [-1, 1]
unknown u
eq u_t + u*u_x = nu*u_xx
ic u = -sin(pi*x)
bc u = 0 on boundary
