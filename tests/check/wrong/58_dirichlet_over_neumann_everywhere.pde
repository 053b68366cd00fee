domain x in [0, 1], y in [0, 1]
unknown u
eq lap(u) = 0
bc u = 0 on boundary
bc dn(u) = 0 on boundary
