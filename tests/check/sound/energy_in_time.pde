# An energy over space and time, and an equation beside it.
time t in [0, 1]
domain x in [0, 1]
unknown u, v
minimize integral(integral(1/2*u_t^2 + 1/2*u_x^2 - u), t)
eq v_t = v_xx
ic v = sin(pi*x)
bc u = 0, v = 0 on boundary
