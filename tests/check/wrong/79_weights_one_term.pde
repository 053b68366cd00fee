domain x in [0, 1]
unknown u
eq u_xx = 1
bc u = 0 on boundary with hard
train adam(steps=500, weights=gradients)
