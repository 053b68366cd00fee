domain (x, y) in disk(0.5 + 0.25i, 1)
unknown u
eq lap(u) = 1
bc u = 0 on boundary
