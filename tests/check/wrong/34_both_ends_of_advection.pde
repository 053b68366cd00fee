problem advection

param c = 2

time   t in [0, 1]
domain x in [0, 1]
unknown u

eq u_t + c*u_x = 0
ic u = sin(pi*x)
bc u = 0 on boundary
