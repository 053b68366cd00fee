domain x in [0, 1]
unknown u
eq u_xx = 1 if x > 0.5 else 0
bc u = 0 on boundary
