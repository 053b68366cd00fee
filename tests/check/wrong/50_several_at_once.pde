problem several

param nu = 0.01
time   t in [0, 1]
domain x in [0, 1]
unknown u

eq u_t + u*u_x = mu*u_xx
ic u = sinn(pi*x)
bc u == 0 on boundary
exact u = 2x
