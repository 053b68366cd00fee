let f(a, b) = a*b
domain x in [0, 1]
unknown u
eq u_xx = f(x)
bc u = 0 on boundary
