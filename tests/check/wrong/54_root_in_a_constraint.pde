domain x in [0, 1]
unknown u
eq u_xx = 1
bc u = 0 on boundary
constraint c: sqrt(x - 1/2)*integral(u) = 0
