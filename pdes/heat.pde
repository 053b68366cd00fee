# One-dimensional heat equation with a decaying sine
# from Mueller and Zeinhofer, Achieving high accuracy with PINNs via energy natural gradients, ICML 2023, sec. 4
problem heat

param a = 1/4

time t in [0, 1]
domain x in [0, 1]
unknown u

eq u_t = a*u_xx
ic u = sin(pi*x)
bc u = 0 on boundary

exact u = exp(-a*pi^2*t)*sin(pi*x)

network mlp(20, 20)
sample interior: gauss(24, 24)
sample boundary: gauss(24)
sample initial:  gauss(24)
train engd(steps=1000)

set tier = smoke
