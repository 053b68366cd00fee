# first order: one condition for each of the two characteristics
problem acoustics

time t in [0, 1]
domain x in [0, 1]
unknown p, v

eq p_t + v_x = 0
eq v_t + p_x = 0
ic p = sin(pi*x), v = 0
bc p = 0 on boundary

exact p = sin(pi*x)*cos(pi*t), v = -cos(pi*x)*sin(pi*t)
