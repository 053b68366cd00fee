problem heat

param a = 0.25

time   t in [0, 1]
domain x in [0, 1]
unknown u

eq u_t = a*u_yy
ic u = sin(pi*x)
bc u = 0 on boundary
