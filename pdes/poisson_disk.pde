# Poisson's equation on the unit disk: a membrane under uniform load
#
# -lap(u) = 4 with u = 0 on the circle is solved by u = 1 - x^2 - y^2.
problem poisson_disk

set tier = smoke

domain (x, y) in disk((0, 0), 1)
unknown u

eq -lap(u) = 4
bc u = 0 on boundary

exact u = 1 - x^2 - y^2

network mlp(24)
sample interior: sobol(512)
sample boundary: sobol(128)
train engd(steps=60)
