# Poisson's equation with flux conditions all around: the solution is defined up to a constant, which its mean fixes.
problem poisson_neumann

domain x in [0, 1], y in [0, 1]
unknown u

let f = 2*pi^2*cos(pi*x)*cos(pi*y)

eq -lap(u) = f
bc dn(u) = 0 on boundary
constraint mean: integral(u) = 0

exact u = cos(pi*x)*cos(pi*y)

network mlp(32)
sample interior: gauss(20, 20)
train engd(steps=150)
report energy = integral(1/2*norm2(grad(u)) - f*u)
set tier = smoke
