domain x in [0, 1]
unknown u
eq u_xx = 1
bc u = 0 on boundary
sample interior: uniform(200) with resample=10
train engd(weights=adaptive(power=2))
