# A nonlinear variational problem on a line (Mueller and Zeinhofer, arXiv 2302.13163, section 4.3): the energy
# of u'' = u^3 - f with natural boundary conditions u'(-1) = u'(1) = 0. A penalty or a condition is not needed.
problem nonlinear_ritz

domain x in [-1, 1]
unknown u

let us = cos(pi*x)
let f  = pi^2*us + us^3

minimize integral(1/2*u_x^2 + 1/4*u^4 - f*u)

exact u = us

network mlp(32)
sample interior: trapezoid(20000)
train engd(steps=400)
set tier = core
