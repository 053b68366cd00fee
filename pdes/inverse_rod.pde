# An unknown coefficient: the stiffness a(x) of a rod from its shape under a known load. It is known at one end.
problem inverse_rod

domain x in [0, 1]
unknown u, a(x)

let a0 = 1 + x/2 - x^2/4
let u0 = sin(pi*x)

eq -d(a*u_x, x) = -d(a0*d(u0, x), x)
bc u = 0  on boundary
bc a = a0 on x = 0

data u from "data/rod.csv"
exact u = u0, a = a0

network u: mlp(16)
network a: mlp(12)
sample interior: gauss(60)
train engd(steps=150)
set tier = smoke
