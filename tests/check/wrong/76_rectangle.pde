domain (x, y) in rectangle((0, 0), (2, 1))
unknown u
eq lap(u) = 1
bc u = 0 on boundary
