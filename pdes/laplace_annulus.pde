# Laplace's equation between two circles, with the flux given on the outer one
#
# u = log(r) is harmonic, 0 on the inner circle of radius 1/2 up to a constant, and has the outward derivative 1/r on the
# outer circle of radius 1; on the inner circle the normal points to the centre.
problem laplace_annulus

set tier = smoke

let hole = disk((0, 0), 1/2)
domain (x, y) in disk((0, 0), 1) - hole
unknown u

eq lap(u) = 0
bc u     = -log(2) on hole
bc dn(u) = 1       on rest

exact u = 1/2*log(x^2 + y^2)

network mlp(24, 24)
sample interior: sobol(1024)
sample boundary: sobol(256)
train engd(steps=200)
