# Kovasznay flow: steady Navier-Stokes behind a grid, with a vector unknown and an exact solution
# (L. I. G. Kovasznay, Proc. Cambridge Phil. Soc. 44, 1948). Reynolds number 20.
problem kovasznay

set tier = core

param nu = 0.05
let a  = 1/(2*nu) - sqrt(1/(4*nu^2) + 4*pi^2)
let we = (1 - exp(a*x)*cos(2*pi*y), a/(2*pi)*exp(a*x)*sin(2*pi*y))
let pe = 1/2*(1 - exp(2*a*x))

domain x in [-0.5, 1], y in [-0.5, 1.5]
unknown w: vector, p

eq mom:  adv(w, w) = -grad(p) + nu*lap(w)
eq mass: div(w)    = 0
bc w = we on boundary
bc p = pe on x = 1

exact w = we, p = pe

network mlp(20, 20)
train engd(steps=300)
