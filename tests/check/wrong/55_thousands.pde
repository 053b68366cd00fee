param a = 1_000
domain x in [0, 1]
unknown u
eq a*u_xx = 1
bc u = 0 on boundary
