# 2D Poisson where the conditions count in a stronger norm: tangential derivatives along the edges with weight h
problem coercive

param h = 1

domain x in [0, 1], y in [0, 1]
unknown u

eq -lap(u) = 2*pi^2*sin(pi*x)*sin(pi*y) with weight=1
bc u = 0 on boundary with weight=1
bc u_x = 0 on y = 0 or y = 1 with weight=h
bc u_y = 0 on x = 0 or x = 1 with weight=h

exact u = sin(pi*x)*sin(pi*y)

network mlp(32)
sample interior: grid(30, 30)
sample boundary: grid(30)
train engd(steps=300)
