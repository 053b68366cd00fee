time t in [0, 1]
domain x in [0, 1]
unknown u, v(x)
eq u_t = u_xx
eq v_xx = 1
ic u = 0
bc u = 0 on boundary
bc v = t on x = 0 with hard
bc v = 0 on x = 1
