# Poisson's equation by its energy (E and Yu's deep Ritz method, arXiv 1710.00211). The penalty keeps the boundary
# values only up to about 1/weight; in exchange no second derivatives are needed.
problem poisson2d_ritz

domain x in [0, 1], y in [0, 1]
unknown u

let f = 2*pi^2*sin(pi*x)*sin(pi*y)

minimize integral(1/2*norm2(grad(u)) - f*u)
bc u = 0 on boundary with weight=1e5

exact u = sin(pi*x)*sin(pi*y)

network mlp(32)
sample interior: gauss(32, 32)
sample boundary: gauss(40)
train engd(steps=300)
set tier = smoke
