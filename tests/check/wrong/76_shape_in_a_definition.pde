let hole = circle((0, 0), 1/2)
domain (x, y) in disk((0, 0), 1) - hole
unknown u
eq lap(u) = 1
bc u = 0 on boundary
