domain x in [0, 1]
unknown u
eq u_xx = 1
bc u = 0 on boundary
network mlp(64, activation=tanh)
train adam(iterations=100, batch_size=3, learning_rate=1e-3)
