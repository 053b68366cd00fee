# A boundary layer of width eps at x = 1
problem boundary_layer

param eps = 0.02

domain x in [0, 1]
unknown u

eq -eps*u_xx + u_x = 1
bc u = 0 on boundary

exact u = x - (exp((x - 1)/eps) - exp(-1/eps))/(1 - exp(-1/eps))

network mlp(32, 32)
sample interior: sobol(1024)
train adam(steps=10000)
