train adam steps=100
train adam
train adam steps=100, lr=1e-3 with Re=10
network mlp 64 64 act=tanh
sample interior: grid 30, 30
train adam with Re=10
eq u = 1 + sin x
let f = lap u
