problem wrong

time t in [0, 1]
domain x in [0, 1]
unknown u

eq u_tt = u_xx
ic u = sin(pi*x)
ic u_t = 0 with hard
bc u = 0 on boundary with hard
