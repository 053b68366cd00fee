domain x in [0, 1], y in [0, 1]
unknown u
eq lap(u) = 1
bc dn(u) = 0 on y = 0 and x in [0, 1/2]
bc u = 0 on rest
