# 2D Poisson with the network 2-32-1 and the points of arXiv 2302.13163: 28 x 28 inside, 30 on each edge
problem poisson2d_paper

domain x in [0, 1], y in [0, 1]
unknown u

eq -lap(u) = 2*pi^2*sin(pi*x)*sin(pi*y)
bc u = 0 on boundary

exact u = sin(pi*x)*sin(pi*y)

network mlp(32)
sample interior: grid(30, 30)
sample boundary: grid(30)
train engd(steps=100000)
set budget = 20
