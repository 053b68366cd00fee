# 2D Poisson with k half waves along each side
problem tenfold

param k = 1

domain x in [0, 1], y in [0, 1]
unknown u

let us = sin(k*pi*x)*sin(k*pi*y)

eq -lap(u) = 2*(k*pi)^2*us
bc u = 0 on boundary

exact u = us

network mlp(32)
sample interior: grid(30, 30)
sample boundary: grid(30)
train engd(steps=300)
