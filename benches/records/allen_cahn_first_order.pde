# The Allen-Cahn equation in the setting of arXiv 2507.08118: three layers of 64, random points
problem allen_cahn_first_order

time t in [0, 1]
domain x in [-1, 1] periodic
unknown u

eq u_t = 1e-4*u_xx + 5*(u - u^3)
ic u = x^2*cos(pi*x) with allow=W0311

reference u from "ref/allen_cahn.csv"

network mlp(64, 64, 64)
sample interior: uniform(10000)
sample initial:  uniform(1000)
train adam(steps=10000, batch=1024)
