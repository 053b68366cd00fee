problem wrong

domain x in [0, 1], y in [0, 1]
unknown u

eq lap(u) = 0
bc u = 1 on y = 1 with hard
bc u = 0 on rest with hard
