domain (x, y) in disk((0,0), 1), z in [0, 1]
unknown u
eq lap(u) = 1
bc u = 0 on boundary
