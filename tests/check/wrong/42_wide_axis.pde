problem heat

param a = 0.25

time   t in [0, 1]
domain x in [0, 1e7]
unknown u

eq u_t = 1e14*a*u_xx
ic u = sin(pi*x/1e7)
bc u = 0 on boundary
