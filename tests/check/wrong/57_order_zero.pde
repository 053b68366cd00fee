domain x in [0, 1]
unknown u
eq d(u, x, 0) + u_xx = 1
bc u = 0 on boundary
