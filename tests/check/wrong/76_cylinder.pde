domain (x, y, z) in cylinder((0, 0, 0), 1, 2)
unknown u
eq lap(u) = 1
bc u = 0 on boundary
