# A Volterra equation of the second kind with a kernel that separates: u(x) = x - integral of (x - s) u(s) from 0 to x.
# Differentiated twice it is u'' = -u, so that u = sin x (Wazwaz, Linear and Nonlinear Integral Equations, 2011, ch. 3).
problem volterra

domain x in [0, 4]
unknown u

eq u = x - x*integral(u, x in 0..x) + integral(x*u, x in 0..x)

exact u = sin(x)

network mlp(24)
sample interior: gauss(48)
train engd(steps=100)
set tier = smoke
