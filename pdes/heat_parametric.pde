# Heat conduction for a range of conductivities: one network knows the solution for every a in [0.1, 0.5].
# `pdec eval RUN --set a=0.2` gives it for one of them; errors are measured over the whole range.
problem heat_parametric

param a = 0.25 in [0.1, 0.5]

time t in [0, 1]
domain x in [0, 1]
unknown u

eq u_t = a*u_xx
ic u = sin(pi*x)
bc u = 0 on boundary

exact u = exp(-a*pi^2*t)*sin(pi*x)

network mlp(24, 24)
sample interior: gauss(16, 16, 10)  # time, space, then the parameter
train engd(steps=300)
set tier = core
