problem poisson

domain x in [0, 1], y in [0, 1]
unknown u

eq -lap(u) = 1
eq x = 1
eq u = u
bc u = 0 on boundary
