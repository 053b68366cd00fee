time t in [0, 1]
domain x in [0, 1]
unknown u

eq u_t = integral(u, x in 0..t)
ic u = 1
