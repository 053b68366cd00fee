problem advection

time t in [0, 1]
domain x in [0, 1]
unknown u

eq u_t - 2*u_x = 0
ic u = sin(pi*x)
bc u = sin(pi*2*t) on x = 1
