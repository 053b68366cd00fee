problem poisson

domain (x, y) in disk((0, 0), 1)
unknown u

eq -lap(u) = 1
bc d(dn(u), x) = 0 on boundary
