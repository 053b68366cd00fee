domain x in [0, 1], y in [0, 1]
unknown u
eq u_xx + u_yy = 0
bc u = y/x on x = 0
bc u = 0 on rest
