param in = 3
domain x in [0, 1]
unknown u
eq u_xx = in
bc u = 0 on boundary
