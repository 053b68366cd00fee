time t in [0, 1]
domain x in [0, 1]
unknown u

let source = integral(sin(x), t)

eq u_t = u_xx + source
ic u = 0
bc u = 0 on boundary
