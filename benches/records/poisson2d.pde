
domain x in [0, 1], y in [0, 1]
unknown u

eq -lap(u) = 2*pi^2*sin(pi*x)*sin(pi*y)
bc u = 0 on boundary

exact u = sin(pi*x)*sin(pi*y)

network mlp(32)
sample interior: gauss(30, 30)
sample boundary: gauss(30)
train engd(steps=100000)
set budget = 20
