problem
problem "heat"
domain x = [0, 1]
domain x in 0..1
domain x
time t
unknown
param a
param a 0.25
let = 2
let a = 1 +
let f(x, 1) = x
eq u = * 2
eq u = a + / b
eq u = v = w
eq u_t = u_xx bc u = 0 on boundary
data u sensors
data u from sensors.csv
network mlp(64,)
sample grid(30, 30)
sample interior grid(30, 30)
train engd(steps=200 lr=1)
sample interior: grid(30 30)
bc u = 0 on
boundary x = 0
report integral(u)
unknown u v
eq u = (1, )
output
set = 1
eq heat u_t = u_xx
