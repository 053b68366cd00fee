import "numbers.pde"
problem plate
domain x in [0, 1]
unknown u
eq u_xx = 1
bc u = half*x on boundary
train adam(steps=10)
