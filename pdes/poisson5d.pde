# Poisson's equation in five dimensions, with a sum of cosines for a solution
# from Mueller and Zeinhofer, Achieving high accuracy with PINNs via energy natural gradients, ICML 2023, sec. 4
problem poisson5d

domain x[1..5] in [0, 1]
unknown u

let w = sum(i in 1..5, cos(pi*x[i]))

eq -lap(u) = pi^2*w
bc u = w on boundary

exact u = w

network mlp(64)
sample interior: sobol(4096)
sample boundary: sobol(2048)
train engd(steps=300)

set tier = core
