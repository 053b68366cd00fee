time t in [0, 1]
domain x in [0, 1]
unknown u
eq u_tt = u_xx
ic u = 0
bc u = 0 on boundary
bc u = sin(pi*x) on t = 1
train engd(steps=20) with windows=2
