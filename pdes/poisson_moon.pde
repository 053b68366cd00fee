# Poisson's equation on a disk with a bite, where the ansatz satisfies the condition
#
# The boundary is made of two arcs; the function that vanishes on both is made of those of the two circles by an
# R-function (V. Shapiro, Acta Numerica 16 (2007) 239). The solution is chosen, and the source follows from it.
problem poisson_moon
set tier = smoke

let bite = disk((1, 0), 0.6)
domain (x, y) in disk((0, 0), 1) - bite
unknown u

let v = sin(2*x + y)*exp(-y)

eq -lap(u) = -d(v, x, 2) - d(v, y, 2)
bc u = v on boundary with hard

exact u = v

network mlp(32)
sample interior: sobol(1024)
train engd(steps=60)
