time t in [0, 1]
domain x in [0, 1], y in [-1, 1]
unknown u, v
param c = 2
eq u_tt = c^2*lap(u)
ic u = x*y with hard
ic u_t = sin(pi*x) with hard
bc u = x*y on x = 0 or x = 1 with hard
bc dn(u) = 0 on rest
eq v_t = lap(v) + u
bc v = t*x on boundary with hard
ic v = 0
