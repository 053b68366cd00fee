import "parts/walls.pde"
unknown u
eq u_xx + u_yy = 0
bc u = 1 on left
bc u = 0 on rest
