time   t in [0, 1]
domain x in [0, 1]
unknown u

eq u_xx = t
bc u = 0 on boundary

train engd(steps=100) with windows=5
