# A steady front of Burgers' equation, by continuation: a wide front is easy to find, and each stage makes it thinner.
problem steady_front

param eps = 1/8

domain x in [-1, 1]
unknown u

let front = -tanh(x/(2*eps))

eq u*u_x = eps*u_xx
bc u = front on boundary

exact u = front

network mlp(16)
sample interior: sobol(256) with adapt=rad, resample=20
train engd(steps=40) with eps=1/2
train engd(steps=40) with eps=1/4
train engd(steps=200)

set tier = smoke
