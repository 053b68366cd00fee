problem poisson

domain (x, y) in polygon((0, 0), (2, 2), (2, 0), (0, 2))
unknown u

eq -lap(u) = 1
bc u = 0 on boundary
