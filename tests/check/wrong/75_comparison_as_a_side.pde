domain x in [0, 1], y in [0, 1]
unknown u
eq lap(u) = x<1/2
bc u = 0 on boundary
