domain x in [1/10, 1]
unknown u
eq u_xx = besselj(0, x) + gamma(x) + floor(x)
bc u = 0 on boundary
