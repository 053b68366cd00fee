time t in [0, 1]
unknown u

eq u_t = -integral(u)
ic u = 1
