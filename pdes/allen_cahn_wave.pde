# A front of the Allen-Cahn equation that moves into the unstable state 0 without changing its shape
# Its speed and width are known in closed form (the front of Newell and Whitehead).
# The front is one tanh neuron exactly: what is left of the error here is rounding, not approximation.
problem allen_cahn_wave

param eps = 0.02

time t in [0, 1]
domain x in [-1, 2]
unknown u

let k     = sqrt(5/(8*eps))
let c     = 3*sqrt(5*eps/2)
let front = 1/2*(1 - tanh(k*(x - c*t)))

eq u_t = eps*u_xx + 5*(u - u^3)
ic u = front
bc u = front on boundary

exact u = front

network mlp(24)
sample interior: gauss(20, 40)
sample boundary: gauss(20)
sample initial:  gauss(40)
train engd(steps=300)

set tier = smoke
