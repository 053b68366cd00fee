let f = x^3
domain x in [0, 1]
unknown u
eq u_xx = f_x
bc u = 0 on boundary
