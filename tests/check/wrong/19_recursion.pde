problem heat

param a = 0.25
let f(s) = s^2 + f(s - 1)

time   t in [0, 1]
domain x in [0, 1]
unknown u

eq u_t = a*u_xx
ic u = f(x)
bc u = 0 on boundary
