domain x in [0, 1]
unknown u

eq u_x = integral(u, x in -1..x)
bc u = 1 on x = 0
