problem poisson

domain x in [0, 1], y in [0, 1]
unknown u

eq -lap(u) = 1
bc u = 0 on x = 0 or x = 1 or y = 0
bc u = 0 on y = 1 and x < 1/2
