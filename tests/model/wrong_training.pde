problem wrong
domain x in [0, 1], y in [0, 1]
unknown u
eq pde: lap(u) = 0
bc u = 0 on boundary
network mlp(64, 0, act=tahn, wibble=2)
sample interior: grid(30, 30, 30)
sample boundary: gauss(0)
sample pd: sobol(100)
sample initial: mesh(3)
sample pde: uniform(1e12)
train addam(steps=3)
train adam(lr=-1, stepps=3, batch=1/2)
train engd(solver=cg)
set seeed = 1
set seed = -1
set tier = big
