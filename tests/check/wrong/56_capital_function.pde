domain x in [0, 1]
unknown u
eq u_xx = Sin(pi*x)
bc u = 0 on boundary
