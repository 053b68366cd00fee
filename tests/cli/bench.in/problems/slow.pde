problem slow

time t in [0, 1]
unknown u

eq u_t = u
ic u = 1

network mlp(4)
sample interior: gauss(8)
train engd(steps=1)

set tier = hard
