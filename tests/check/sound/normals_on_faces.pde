# Values with the normal, exactly: on each face it is a number.
domain x in [0, 1], y in [0, 1]
unknown u
eq lap(u) = 0
bc u = normal.x on x = 0 or x = 1 with hard
bc u = 2*x - 1 on rest
exact u = 2*x - 1
