domain x in [0, 1], y in [0, 1]
unknown u
eq grad(u)^2 = 1
bc u = 0 on boundary
