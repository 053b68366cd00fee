# Burgers' equation: a sine steepens into a layer of width nu at x = 0
# from Raissi, Perdikaris and Karniadakis, Physics-informed neural networks, J. Comput. Phys. 378 (2019)
# Eight windows of time: a small network for each sees more of the layer than a larger one for all.
# No elementary solution: the reference is the integral of Cole and Hopf, made by tests/burgers.rs.
problem burgers

param nu = 0.01/pi

time t in [0, 1]
domain x in [-1, 1]
unknown u

eq u_t + u*u_x = nu*u_xx
ic u = -sin(pi*x)
bc u = 0 on boundary

reference u from "data/burgers.csv"

network mlp(20, 20)
sample interior: gauss(12, 160, at_x=0, grade=6)
sample boundary: gauss(12)
sample initial:  gauss(160, at_x=0, grade=6)
train engd(steps=400) with windows=8

set tier = core
