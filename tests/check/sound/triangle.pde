time t in [0, 1]
domain (x, y) in polygon((0, 0), (1, 0), (0, 1))
boundary slope: x + y = 1
unknown u
eq u_t = lap(u)
ic u = 1 - x - y
bc u = 0 on slope
bc dn(u) = 0 on rest
