# The energy of a problem with time is an integral over time, too.
time t in [0, 1]
domain x in [0, 1]
unknown u
minimize integral(u_t^2 + u_x^2)
ic u = sin(pi*x)
bc u = 0 on boundary
