# Poisson's equation in five dimensions, with a sum of cosines for a solution and the network 5-64-1
problem poisson5d

domain x[1..5] in [0, 1]
unknown u

let w = sum(i in 1..5, cos(pi*x[i]))

eq -lap(u) = pi^2*w
bc u = w on boundary

exact u = w

network mlp(64)
sample interior: sobol(3000)
sample boundary: sobol(1000)
train engd(steps=100000, starts=8)
set budget = 300
