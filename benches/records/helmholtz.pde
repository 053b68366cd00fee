# Helmholtz' equation with one and four half waves, by a network of hyperbolic tangents. With act=sin, as in
# pdes/helmholtz.pde, the network has the solution in it.
problem helmholtz

domain x in [-1, 1], y in [-1, 1]
unknown u

let wave = sin(pi*x)*sin(4*pi*y)

eq lap(u) + u = (1 - 17*pi^2)*wave
bc u = 0 on boundary

exact u = wave

network mlp(64)
sample interior: gauss(28, 40)
sample boundary: gauss(36)
train engd(steps=100000)
set budget = 300
