# An integro-differential equation of Fredholm type: the integral over the whole interval is a number of its own.
# With u = exp(x) it is 1 (Wazwaz, Linear and Nonlinear Integral Equations, 2011, ch. 6).
problem fredholm

domain x in [0, 1]
unknown u

eq u_xx = exp(x) - x + x*integral(x*u)
bc u = 1, u_x = 1 on x = 0

exact u = exp(x)

network mlp(16)
sample interior: gauss(32)
train engd(steps=100)
report moment = integral(x*u)
set tier = smoke
