# Burgers' equation with a layer of width 0.01/pi, against the integral of Cole and Hopf: four windows of time
problem burgers

time t in [0, 1]
domain x in [-1, 1]
unknown u

eq u_t + u*u_x = 0.01/pi*u_xx
ic u = -sin(pi*x)
bc u = 0 on boundary

reference u from "ref/burgers.csv"

network mlp(20, 20, 20)
sample interior: gauss(20, 200, at_x=0, grade=6)
sample boundary: gauss(20)
sample initial:  gauss(200, at_x=0, grade=6)
train engd(steps=1100) with windows=4
set budget = 300
