domain x in [-1, 1]
unknown u
eq u_xx = sqrt(x)*u
bc u = 0 on x = -1
bc u = 1 on x = 1
