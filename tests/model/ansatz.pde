time t in [0, 1]
domain x in [0, 1]
unknown u, v
eq u_t = u_xx
eq v_t = v_xx + u
bc u = 0 on boundary
ic u = sin(pi*x)
bc v = 0 on x = 0
bc v = t on x = 1
ic v = 0
ansatz u = sin(pi*x) + t*x*(1 - x)*net(u)
ansatz v = t*x + x*net(v)
network u: mlp(8)
