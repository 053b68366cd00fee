param а = 1
domain x in [0, 1]
unknown u
eq а*u_xx = 1
bc u = 0 on boundary
