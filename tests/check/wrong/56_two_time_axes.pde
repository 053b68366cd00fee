time t in [0, 1]
time s in [0, 1]
domain x in [0, 1]
unknown u
eq u_t + u_s = u_xx
ic u = 0
bc u = 0 on boundary
