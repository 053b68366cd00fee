# The Allen-Cahn equation, against 4096 Fourier modes. The start has a kink where the axis closes, which smooths at once:
# the errors are those of the first window
problem allen_cahn

time t in [0, 1]
domain x in [-1, 1] periodic
unknown u

eq u_t = 1e-4*u_xx + 5*(u - u^3)
ic u = x^2*cos(pi*x) with allow=W0311

reference u from "ref/allen_cahn.csv"

network mlp(30, 30)
sample interior: gauss(8, 1000)
sample initial:  gauss(1000)
train engd(steps=400) with windows=5
set budget = 900
