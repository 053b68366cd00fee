param a = 1e400
domain x in [0, 1]
unknown u
eq a*u_xx = 1
bc u = 0 on boundary
