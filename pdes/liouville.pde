# Liouville's equation: exp(u) (dx^2 + dy^2) is a metric of constant negative curvature, here that of the Poincare disk
#
# The network is a PirateNet of two blocks (arXiv 2402.00326): gates, trained skips and factorised weights on random
# Fourier features.
problem liouville

domain x in [-1/2, 1/2], y in [-1/2, 1/2]
unknown u

let w = log(8/(1 - x^2 - y^2)^2)

eq lap(u) = exp(u)
bc u = w on boundary

exact u = w

network piratenet(width=8, blocks=2, fourier_scale=1)
sample interior: gauss(24, 24)
sample boundary: gauss(24)
train engd(steps=200)

set tier = smoke
