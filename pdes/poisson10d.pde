# Poisson's equation in ten dimensions: a quarter wave along every axis
# in the manner of the PNd benchmark of PINNacle (Hao et al. 2023), which has five
problem poisson10d

domain x[1..10] in [0, 1]
unknown u

let w = sum(i in 1..10, sin(pi/2*x[i]))

eq -lap(u) = (pi/2)^2*w
bc u = w on boundary

exact u = w

network mlp(48)
sample interior: sobol(2048)
sample boundary: sobol(2048)
train engd(steps=400)

set tier = core
