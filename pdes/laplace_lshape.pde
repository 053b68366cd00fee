# Laplace's equation on an L-shape, with the corner singularity
#
# Around the reentrant corner at (0, 0) the solution is r^(2/3) sin(2/3 phi). Its derivatives are unbounded there, so that
# the error of a smooth network is largest near the corner.
# G. Strang and G. J. Fix, An Analysis of the Finite Element Method (1973), chapter 8.
problem laplace_lshape

set tier = core

domain (x, y) in polygon((-1, -1), (0, -1), (0, 0), (1, 0), (1, 1), (-1, 1))
unknown u

# The angle from the edge along the positive x axis, from 0 to 3/2 pi in the L.
let r        = sqrt(x^2 + y^2)
let phi      = if y >= 0 then acos(x/r) else 2*pi - acos(x/r)
let singular = r^(2/3)*sin(2/3*phi)

eq lap(u) = 0
bc u = singular on boundary

exact u = singular

network mlp(32, 32)
sample interior: sobol(2048)
sample boundary: sobol(512)
train engd(steps=60)
