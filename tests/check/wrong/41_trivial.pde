problem poisson

domain x in [0, 1], y in [0, 1]
unknown u

eq -lap(u) = 5*u
bc u = 0 on boundary
