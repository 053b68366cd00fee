# Two waves that are carried around a ring while they diffuse; the shorter one dies first
# The textbook solution by Fourier modes: exp(-nu*k^2*t)*sin(k*(x - c*t)) for each wave number k.
problem advection_diffusion

param c  = 2
param nu = 0.1

time t in [0, 1]
domain x in [0, 2*pi] periodic
unknown u

eq u_t + c*u_x = nu*u_xx
ic u = sin(x) + 1/2*sin(2*x)

exact u = exp(-nu*t)*sin(x - c*t) + 1/2*exp(-4*nu*t)*sin(2*(x - c*t))

network mlp(32, act=sin, scale=2)
sample interior: gauss(20, 24)
sample initial:  gauss(24)
train engd(steps=600)

set tier = smoke
