# Nonlinear Klein-Gordon equation; the source is made so that `wave` solves it
# from Wang, Teng and Perdikaris, Understanding and mitigating gradient pathologies in PINNs, 2020
problem klein_gordon

time t in [0, 1]
domain x in [0, 1]
unknown u

let wave = x*cos(5*pi*t) + (x*t)^3

eq u_tt - u_xx + u^3 = d(wave, t, 2) - d(wave, x, 2) + wave^3
ic u = x, u_t = 0
bc u = wave on boundary

exact u = wave

network mlp(64, act=sin, scale=4)
sample interior: gauss(36, 20)
sample boundary: gauss(36)
sample initial:  gauss(20)
train engd(steps=1000)

set tier = core
