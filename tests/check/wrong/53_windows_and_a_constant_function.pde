time t in [0, 1]
domain x in [0, 1]
unknown u, k(x)
eq u_t = k*u_xx
ic u = sin(pi*x)
bc u = 0 on boundary
constraint integral(k) = 1
train engd(steps=40) with windows=2
