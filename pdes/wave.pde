# A string that is plucked into two of its modes and let go
# from Wang, Yu and Perdikaris, When and why PINNs fail to train, 2020 (Wave-1d-C of PINNacle)
# Each mode is the sum of two plane waves, together four neurons with act=sin exactly: what is left of the error here
# is rounding, not approximation.
problem wave

param c = 2

time t in [0, 1]
domain x in [0, 1]
unknown u

eq u_tt = c^2*u_xx
ic u = sin(pi*x) + 1/2*sin(4*pi*x),
   u_t = 0
bc u = 0 on boundary

exact u = sin(pi*x)*cos(c*pi*t) + 1/2*sin(4*pi*x)*cos(4*c*pi*t)

network mlp(64, act=sin, scale=8)
sample interior: gauss(40, 32)
sample boundary: gauss(40)
sample initial:  gauss(32)
train engd(steps=500)

set tier = core
