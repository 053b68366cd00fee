# Laplace's equation on a pentagon with a round hole: the real part of exp(z), its flux given on the hole
problem polygon_hole

set tier = core

let hole = disk((0, 0), 1/3)

domain (x, y) in polygon((-1, -1), (1, -1), (1.5, 0.3), (0, 1.2), (-1, 1)) - hole
unknown u

eq -lap(u) = 0
bc dn(u) = exp(x)*cos(y)*normal.x - exp(x)*sin(y)*normal.y on hole
bc u     = exp(x)*cos(y) on rest

exact u = exp(x)*cos(y)

network mlp(32)
train engd(steps=300)
