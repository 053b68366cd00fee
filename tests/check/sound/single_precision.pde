# What single precision goes with: energies by gradients, residuals by most methods.
domain x in [0, 1]
unknown u
minimize integral(u_x^2/2 - u)
bc u = 0 on boundary with weight=1e6
network mlp(16)
set precision = f32
train adam(steps=10)
train nncg(steps=10)
train ssbroyden(steps=10)
