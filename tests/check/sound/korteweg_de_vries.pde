problem kdv

time t in [0, 1]
domain x in [-10, 10]
unknown u

let s = 1/2*sech(1/2*(x - t))^2
eq u_t + 6*u*u_x + u_xxx = 0
ic u = s
bc u   = s       on boundary
bc u_x = d(s, x) on x = 10

exact u = s
