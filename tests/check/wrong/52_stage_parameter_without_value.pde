param a = 1

time   t in [0, 1]
domain x in [0, 1]
unknown u

eq u_t = u_xx/a
ic u = sin(pi*x)
bc u = 0 on boundary

train adam(steps=100) with a
train engd(steps=100)
