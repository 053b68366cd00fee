problem wrong

domain x in [0, 1]
unknown u

eq u_xx = 1
bc u = 0 on x = 0
bc dn(u) = 0 on x = 1 with hard
