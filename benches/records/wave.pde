# The wave equation with two modes, one of them four times as fast. The solution is a sum of plane waves, which neurons
# with act=sin are exactly: what is left of the error is rounding.
problem wave

param c = 2

time   t in [0, 1]
domain x in [0, 1]
unknown u

eq u_tt = c^2*u_xx
ic u = sin(pi*x) + 1/2*sin(4*pi*x),
   u_t = 0
bc u = 0 on boundary

exact u = sin(pi*x)*cos(c*pi*t) + 1/2*sin(4*pi*x)*cos(4*c*pi*t)

network mlp(64, act=sin, scale=25)
sample interior: gauss(40, 40)
sample initial:  gauss(40)
sample boundary: gauss(40)
train engd(steps=400, starts=4)
set budget = 300
