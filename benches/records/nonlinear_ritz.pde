problem nonlinear_ritz

domain x in [-1, 1]
unknown u

let us = cos(pi*x)
let f  = pi^2*us + us^3

minimize integral(1/2*u_x^2 + 1/4*u^4 - f*u)

exact u = us

network mlp(32)
sample interior: gauss(200)
train engd(steps=400)
set tier = core
