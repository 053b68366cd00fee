problem ode
param k = 1
time t in [0, 2]
unknown x, y
let r = k*x
eq x_t = -r
eq y_t = r + (if t < 3 then 0 else y)
ic x = 1, y = 0
bc y = 1 - exp(-2) on t = 2
exact x = exp(-t), y = 1 - exp(-t)
network x: mlp(20, 20, act=sin)
sample interior: lhs(500) with resample=10
train adam(steps=100, lr=1e-2, batch=32)
train gd()
set seed = 7
set budget = 3*60
report twice = 2*k
