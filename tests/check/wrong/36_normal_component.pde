problem poisson

domain x in [0, 1], y in [0, 1]
unknown u

eq -lap(u) = normal.x
bc u = 0 on boundary
