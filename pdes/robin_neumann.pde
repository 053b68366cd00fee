# Laplace's equation in a rectangle with the three classical conditions: Dirichlet, Neumann and Robin
# The solution is the real part of exp(x + i*y), and the data follow from it.
problem robin_neumann

domain x in [0, 2], y in [0, 1]
unknown u

let harmonic = exp(x)*cos(y)

eq lap(u) = 0
bc left:   u           = harmonic on x = 0
bc right:  dn(u)       = exp(2)*cos(y) on x = 2
bc bottom: dn(u)       = 0 on y = 0
bc top:    dn(u) + 3*u = exp(x)*(3*cos(1) - sin(1)) on y = 1

exact u = harmonic

network mlp(32)
sample interior: gauss(24, 16)
sample boundary: gauss(24)
train engd(steps=300)

set tier = smoke
