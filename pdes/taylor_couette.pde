# Stokes flow between two cylinders, of which the inner one turns (G. I. Taylor, Phil. Trans. R. Soc. A 223, 1923).
# The pressure is fixed by its mean.
problem taylor_couette

set tier = core

let outer = disk((0, 0), 1)
let inner = disk((0, 0), 0.4)
domain (x, y) in outer - inner
unknown w: vector, p

# The angular velocity: 1 at the inner cylinder, 0 at the outer one.
let r2 = x^2 + y^2
let s  = 0.4^2/(1 - 0.4^2)*(1/r2 - 1)

eq mom:  -lap(w) + grad(p) = (0, 0)
eq mass: div(w)            = 0
bc w = (-y, x) on inner
bc w = (0, 0)  on outer
constraint integral(p) = 0

exact w = (-s*y, s*x), p = 0

network mlp(24, 24)
train engd(steps=200)
