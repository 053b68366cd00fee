# 2D Poisson with ten hidden layers
problem deep

domain x in [0, 1], y in [0, 1]
unknown u

eq -lap(u) = 2*pi^2*sin(pi*x)*sin(pi*y)
bc u = 0 on boundary

exact u = sin(pi*x)*sin(pi*y)

network mlp(32, 32, 32, 32, 32, 32, 32, 32, 32, 32)
sample interior: sobol(1024)
sample boundary: sobol(256)
train adam(steps=5000)
