domain x in [0, 1], y in [0, 1]
unknown u
eq u_xx + u_yy = 1
bc u = 0 on x = 0 && y > 0.5
bc u = 1 on rest
