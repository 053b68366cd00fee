domain x in [0, 1], y in [0, 2]
unknown u
eq u_xx + u_yy = 1
bc u = 0 on y = 1
bc u = 0 on rest
