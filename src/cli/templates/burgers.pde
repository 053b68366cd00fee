# Viscous Burgers equation on a periodic interval: a smooth wave steepens into a front.
problem burgers

param nu = 0.05

# On a periodic axis the network itself is periodic; there are no ends, and no `bc`.
time t in [0, 1]
domain x in [-1, 1] periodic
unknown u

eq u_t + u*u_x = nu*u_xx
ic u = -sin(pi*x)

# No exact solution in closed form: the loss says how well the equation is satisfied.
network mlp(32, 32)
sample interior: sobol(2048)
sample initial:  grid(128)
train engd(steps=300)
