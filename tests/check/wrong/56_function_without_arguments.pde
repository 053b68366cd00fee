let f(s) = s^2
domain x in [0, 1]
unknown u
eq u_xx = f
bc u = 0 on boundary
