domain x[1..4] in [0, 1]
unknown u

eq lap(u) = 1
bc u = 0 on boundary

output u
