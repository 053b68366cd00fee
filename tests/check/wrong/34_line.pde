problem line

domain x in [0, 1]
unknown u

eq -u_xx = 1
bc u = 0 on boundary
bc u_x = 1/2 on x = 0
