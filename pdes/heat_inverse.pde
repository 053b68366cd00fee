# The conductivity of a rod from eight readings of nine thermometers. The readings are those of the exact solution with
# k = 0.3 and noise of standard deviation 1e-3.
problem heat_inverse

fit k = 1 in [0.01, 10]

time t in [0, 1]
domain x in [0, 1]
unknown u

eq u_t = k*u_xx
ic u = sin(pi*x)
bc u = 0 on boundary

data u from "data/thermometers.csv" with columns=map(t="time", u="temperature")
exact u = exp(-0.3*pi^2*t)*sin(pi*x)

network mlp(24)
sample interior: gauss(20, 16)
train engd(steps=100)
set tier = smoke
