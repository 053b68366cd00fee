problem heat

param alfa = 0.25

time   t in [0, 1]
domain x in [0, 1]
unknown u

eq u_t = alpha*u_xx
ic u = sin(pi*x)
bc u = 0 on boundary
