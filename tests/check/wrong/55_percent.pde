domain x in [0, 1]
unknown u
eq u_xx = 50% * u
bc u = 0 on boundary
