# The Allen-Cahn equation, against 4096 Fourier modes. Where u = 0 small errors grow by exp(5t), so that those of the start
# weigh more; the kink of the start, where the axis closes, makes the errors of the first window
problem allen_cahn

time t in [0, 1]
domain x in [-1, 1] periodic
unknown u

eq u_t = 1e-4*u_xx + 5*(u - u^3)
ic u = x^2*cos(pi*x) with weight=1000, allow=W0311

reference u from "ref/allen_cahn.csv"

network mlp(30, 30)
sample interior: gauss(8, 640)
sample initial:  gauss(640)
train engd(steps=300) with windows=5
set budget = 900
