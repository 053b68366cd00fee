# Burgers' equation in the setting of arXiv 2507.08118: three layers of 64, random points
problem burgers_first_order

time t in [0, 1]
domain x in [-1, 1]
unknown u

eq u_t + u*u_x = 0.01/pi*u_xx
ic u = -sin(pi*x)
bc u = 0 on boundary

reference u from "ref/burgers.csv"

network mlp(64, 64, 64)
sample interior: uniform(10000)
sample initial:  uniform(1000)
sample boundary: uniform(1000)
train adam(steps=10000, batch=1024)
