# the conditions on u stand in for those on its Laplacian
problem plate

domain x in [0, 1], y in [0, 1]
unknown u, m

eq lap(u) = m
eq lap(m) = 1
bc u = 0, dn(u) = 0 on boundary
