param a = 8

time   t in [0, 1]
domain x in [0, 1]
unknown u

eq u_t = u_xx/a
ic u = sin(pi*x)
bc u = 0 on boundary

network mlp(a)
train adam(steps=100) with a=4
train engd(steps=100)
