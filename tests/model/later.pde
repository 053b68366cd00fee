problem later
import "other.pde"
param nu = 0.1 in [0, 1]
fit k = 1 in [0, 2]
domain x in [0, 1]
unknown u, w: vector, h: complex
minimize integral(u_x^2)
constraint integral(u) = k
data u from "a.csv"
reference u from "b.csv"
ansatz u = x*net(u)
output grid(11), u
eq u_xx = nu*div(w) + 1i*h
bc u = 0 on boundary with hard
network mlp(2)
sample interior: sobol(10) with adapt=rad
train soap(steps=1) with nu=2
set causal = 1
report total = integral(u)
