import "parts/box.pde"
param width = 2
unknown u
eq u_xx + u_yy = width
bc u = 0 on boundary
