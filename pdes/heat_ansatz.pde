# The heat equation with an ansatz by hand that has the initial and the boundary values.
problem heat_ansatz

set tier = smoke

param a = 0.25

time t in [0, 1]
domain x in [0, 1]
unknown u

eq u_t = a*u_xx
ic u = sin(pi*x)
bc u = 0 on boundary
ansatz u = sin(pi*x) + t*x*(1 - x)*net(u)

exact u = exp(-a*pi^2*t)*sin(pi*x)

network mlp(24)
train engd(steps=60)
