time t in [0, 1]
domain x in [0, 1]
unknown u(x), v
eq u_xx = v
eq v_t = v_xx
ic u = sin(pi*x)
ic v = 0
bc u = 0 on boundary
bc v = 0 on boundary
