param nu in [0.01, 0.1]
domain x in [-1, 1]
unknown u
eq u_xx = 1
bc u = 0 on boundary
