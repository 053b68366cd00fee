domain x in [0, 1]
unknown u
eq u_xx = np.sin(x)
bc u = 0 on boundary
