domain x in [0, 1]
unknown u

eq u_xx = cos(pi*x)
bc dn(u) = 0 on boundary
constraint u = 0
