# Rates of a predator-prey system from a census of both.
# No elementary solution: the data are values of the system with the rates 1.1, 0.4, 0.1 and 0.4 (classical Runge-Kutta
# steps of 0.0005, every 0.5), and these have to be found.
problem lotka_volterra_inverse

fit birth = 1 in [0.01, 10]
fit hunt  = 1 in [0.01, 10]
fit feed  = 1 in [0.01, 10]
fit death = 1 in [0.01, 10]

time t in [0, 12]
unknown u, v

eq u_t = birth*u - hunt*u*v
eq v_t = feed*u*v - death*v
ic u = 10, v = 5

data u, v from "data/hares_and_lynxes.csv"

network mlp(24, 24)
sample interior: gauss(160)
train engd(steps=300)

report birth = birth
report hunt  = hunt
report feed  = feed
report death = death
set tier = core
