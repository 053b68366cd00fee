# Poisson's equation on the unit square
# from Mueller and Zeinhofer, Achieving high accuracy with PINNs via energy natural gradients, ICML 2023, sec. 4
problem poisson2d

domain x in [0, 1], y in [0, 1]
unknown u

eq -lap(u) = 2*pi^2*sin(pi*x)*sin(pi*y)
bc u = 0 on boundary

exact u = sin(pi*x)*sin(pi*y)

network mlp(64)
sample interior: gauss(28, 28)
sample boundary: gauss(28)
train engd(steps=1000)

set tier = smoke
