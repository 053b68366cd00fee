# Space is integrated over once.
time t in [0, 1]
domain x in [0, 1]
unknown u
minimize integral(integral(integral(u_x^2 - u), x), t)
ic u = 0
bc u = 0 on boundary
