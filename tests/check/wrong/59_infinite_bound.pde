domain x in [0, 1e999]
unknown u
eq u_xx = 1
bc u = 0 on boundary
