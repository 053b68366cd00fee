domain x in [0, 1]
unknown u
eq u_xx = 1
bc u = 0 on boundary
train dsgnar(steps=100, weights=gradients(every=5))
