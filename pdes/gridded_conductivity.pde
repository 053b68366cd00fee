# A conductivity that is given on a grid: 1 + x*y^2 at 5 x 5 points, of which the cubic spline between them is that very
# function.
problem gridded_conductivity

domain x in [0, 1], y in [0, 1]
unknown u

let k  = table("data/conductivity.csv")
let u0 = sin(pi*x)*sin(pi*y)
let k0 = 1 + x*y^2

eq -div(k*grad(u)) = -div(k0*grad(u0))
bc u = 0 on boundary

exact u = u0

network mlp(48)
sample interior: gauss(20)
train engd(steps=100)
set tier = smoke
