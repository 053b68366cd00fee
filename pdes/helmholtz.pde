# Helmholtz equation with a source; four half waves along y for one along x
# from Wang, Teng and Perdikaris, Understanding and mitigating gradient pathologies in PINNs, 2020
# The solution is a difference of two plane waves, which two neurons with act=sin are exactly: what is left of the
# error here is rounding, not approximation.
problem helmholtz

param k  = 1
param kx = 1
param ky = 4

domain x in [-1, 1], y in [-1, 1]
unknown u

let wave = sin(kx*pi*x)*sin(ky*pi*y)

eq lap(u) + k^2*u = (k^2 - (kx^2 + ky^2)*pi^2)*wave
bc u = 0 on boundary

exact u = wave

network mlp(64, act=sin, scale=8)
sample interior: gauss(28, 40)
sample boundary: gauss(36)
train engd(steps=400)

set tier = core
