problem poisson

domain (x, y) in ellipse((0, 0), 2, 0)
unknown u

eq -lap(u) = 1
bc u = 0 on boundary
