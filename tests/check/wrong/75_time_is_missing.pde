domain x in [0, 1], y in [0, 1]
unknown u
eq u_tt = lap(u)
bc u = 0 on boundary
