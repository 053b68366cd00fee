# Poisson's equation on an interval, by a shallow network: first 200 steps of plain gradient descent, then the
# energy natural gradient. The log shows the loss crawl in the one and fall by many orders in the other.
problem poisson1d

domain x in [0, 1]
unknown u

eq -u_xx = pi^2*sin(pi*x)
bc u = 0 on boundary

exact u = sin(pi*x)

network mlp(16)
sample interior: gauss(40)
train gd(steps=200)
train engd(steps=200)

set tier = smoke
