domain x in [0, 1]
unknown u
eq u_xx = 2
bc u = x^2 on boundary
exact u = u_xx*x^2/2
