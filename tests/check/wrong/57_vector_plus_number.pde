domain x in [0, 1], y in [0, 1]
unknown u, p
eq grad(u) + p = 0
eq u_xx + p_y = 0
bc u = 0, p = 0 on boundary
