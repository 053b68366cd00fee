include "parts/box.pde"
unknown u
eq u_xx + u_yy = width
bc u = 0 on boundary
