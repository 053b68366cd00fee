domain x in [0, 1]
unknown u
eq u_xx = u²
bc u = 0 on boundary
