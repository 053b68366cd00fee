domain x in [0, 1]
unknown u
eq u_xx = 1
bc u = 0 on boundary
train engd(steps=100)
train soap(steps=100) with stage=mlp(5000, 5000)
