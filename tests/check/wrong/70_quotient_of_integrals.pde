# A quotient has no density.
domain x in [0, 1]
unknown u
minimize integral(u_x^2)/integral(u^2)
bc u = 0 on boundary
