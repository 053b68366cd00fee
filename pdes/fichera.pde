# Fichera's cube, an L-shape in space, with a smooth harmonic solution (A. Quarteroni, Numerical Models for Differential Problems)
problem fichera

set tier = core

domain (x, y, z) in box((-1, -1, -1), (1, 1, 1)) - box((0, 0, 0), (1, 1, 1))
unknown u

eq lap(u) = 0
let v = x^2 + y^2 - 2*z^2 + x*y*z
bc u = v on boundary

exact u = v

network mlp(16, 16)
train engd(steps=200)
