# A plane wave that leaves through two edges without reflection: the impedance condition, with a complex unknown
# (F. Ihlenburg, Finite Element Analysis of Acoustic Scattering, 1998, chapter 4).
problem helmholtz_impedance

set tier = core

param k = 6

domain x in [0, 1], y in [0, 1]
unknown u: complex

let ue = exp(1i*k*(x*cos(pi/6) + y*sin(pi/6)))

eq lap(u) + k^2*u = 0
bc u              = ue               on x = 0 or y = 0
bc dn(u) - 1i*k*u = dn(ue) - 1i*k*ue on x = 1 or y = 1

exact u = ue

network mlp(32, 32)
train engd(steps=150)
