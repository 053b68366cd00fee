domain x in [0, 1]
unknown u
eq u_xx = 1
bc u(0) = 0
bc u(1) = 0
