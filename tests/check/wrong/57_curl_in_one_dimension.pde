domain x in [0, 1]
unknown u
eq curl(u) = 1
bc u = 0 on boundary
