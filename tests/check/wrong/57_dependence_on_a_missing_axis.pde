time t in [0, 1]
domain x in [0, 1]
unknown u, f(x)
eq u_t = u_xx + f_t
eq f_xx = 1
ic u = 0
bc u = 0, f = 0 on boundary
