# The soliton of the Korteweg-de Vries equation: a wave that keeps its shape, the faster the taller
# The classical solution (Korteweg and de Vries 1895); the axis is so long that it hardly feels its ends: 1e-8 is
# what the tails differ by where the axis closes.
problem kdv_soliton

param c = 1

time t in [0, 2]
domain x in [-20, 20] periodic
unknown u

let soliton = c/2*sech(sqrt(c)/2*(x - c*t))^2

eq u_t + 6*u*u_x + u_xxx = 0
ic u = soliton

exact u = soliton

network mlp(24, 24)
sample interior: gauss(12, 64)
sample initial:  gauss(64)
train engd(steps=400)

set tier = smoke
