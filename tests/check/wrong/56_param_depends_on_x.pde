domain x in [0, 1]
param k = 1 + x
unknown u
eq k*u_xx = 1
bc u = 0 on boundary
