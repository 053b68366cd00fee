problem heat

param a = 0.25
let u_x = 1

time   t in [0, 1]
domain x in [0, 1]
unknown u

eq u_t = a*u_xx
ic u = u_x*sin(pi*x)
bc u = 0 on boundary
