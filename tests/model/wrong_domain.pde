problem wrong
time t in [1, 1]
domain x in [1, 0], y in [0, x], z[3..1] in [0, 1]
unknown u
eq u_t = u_xx
