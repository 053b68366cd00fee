domain x in [0, 1]
unknown u
eq u_xx = 10^400
bc u = 0 on boundary
