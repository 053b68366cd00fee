# the second unknown does not change in time
problem source

time t in [0, 1]
domain x in [0, 1]
unknown u, w(x)

eq u_t  = u_xx + w
eq w_xx = -pi^2*sin(pi*x)
ic u = 0
bc u = 0 on boundary
bc w = 0 on boundary
