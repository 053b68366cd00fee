problem wrong
time t in [0, 1]
domain x in [0, 1], y in [0, 1] periodic
unknown u
eq u_t = lap(u)
bc u = 0 on x = 2
bc u = 0 on x = 1/2
bc u = 0 on x = 0 and x = 1
bc u = 0 on x < 0
bc u = 0 on y = 1
bc u = 0 on x^2 + y^2 > 5
bc u = 0 on boundary
bc u = 0 on rest
bc u = 0 on nowhere
bc dn(u) = 0 on t = 1
bc u = 0 on u > 0
