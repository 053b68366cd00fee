domain (x, y) in disk((0, 0), 1)
unknown u
eq lap(u) = 0
bc u = normal.x on boundary with hard
exact u = x
