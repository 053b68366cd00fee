# The Korteweg-de Vries equation in the setting of arXiv 2507.08118: three layers of 64, random points
problem kdv_first_order

param mu = 0.022

time t in [0, 1]
domain x in [-1, 1] periodic
unknown u

eq u_t + u*u_x + mu^2*u_xxx = 0
ic u = cos(pi*x)

reference u from "ref/kdv.csv"

network mlp(64, 64, 64)
sample interior: uniform(10000)
sample initial:  uniform(1000)
train adam(steps=10000, batch=1024)
