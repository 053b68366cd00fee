# Poisson's equation in a ball, with a condition of the third kind
#
# u = exp(x) sin(y) z + r^2/6 solves lap(u) = 1; on the sphere of radius 1 the outward normal is (x, y, z).
problem poisson_ball

set tier = core

domain (x, y, z) in ball((0, 0, 0), 1)
unknown u

let v    = exp(x)*sin(y)*z + (x^2 + y^2 + z^2)/6
let flux = x*d(v, x) + y*d(v, y) + z*d(v, z)

eq lap(u) = 1
bc dn(u) + u = flux + v on boundary

exact u = v

network mlp(48)
sample interior: sobol(2048)
sample boundary: sobol(512)
train engd(steps=60)
