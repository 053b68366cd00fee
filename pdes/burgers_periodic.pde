# Burgers' equation on a periodic axis: the same solution as with zero at both ends, because the sine is odd
# The axis enters the network through a circle, so that no condition at the ends is left to train.
# Eight windows of time: a small network for each sees more of the layer than a larger one for all.
# No elementary solution: the reference is the integral of Cole and Hopf, made by tests/burgers.rs.
problem burgers_periodic

param nu = 0.01/pi

time t in [0, 1]
domain x in [-1, 1] periodic
unknown u

eq u_t + u*u_x = nu*u_xx
ic u = -sin(pi*x)

reference u from "data/burgers.csv"

network mlp(20, 20)
sample interior: gauss(12, 200, at_x=0, grade=4)
sample initial:  gauss(200, at_x=0, grade=4)
train engd(steps=400) with windows=8

set tier = core
