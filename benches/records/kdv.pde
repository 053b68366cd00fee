# The Korteweg-de Vries equation of Zabusky and Kruskal, against 512 Fourier modes: eight windows of time
problem kdv

param mu = 0.022

time t in [0, 1]
domain x in [-1, 1] periodic
unknown u

eq u_t + u*u_x + mu^2*u_xxx = 0
ic u = cos(pi*x)

reference u from "ref/kdv.csv"

network mlp(30, 30)
sample interior: gauss(12, 320)
sample initial:  gauss(320)
train engd(steps=800) with windows=8
set budget = 900
