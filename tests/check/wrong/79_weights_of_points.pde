time t in [0, 1]
domain x in [0, 1]
unknown u
eq u_t = u_xx
ic u = sin(pi*x)
bc u = 0 on boundary
set causal = 1
train adam(steps=100, weights=adaptive)
train adam(steps=100, batch=20, weights=adaptive)
