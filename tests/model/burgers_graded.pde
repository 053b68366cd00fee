problem burgers
param nu = 0.01/pi
time t in [0, 1]
domain x in [-1, 1]
unknown u
eq u_t + u*u_x = nu*u_xx
ic u = -sin(pi*x)
bc u = 0 on boundary
sample interior: gauss(36, 72, at_x=0, grade=6)
train engd(steps=100, solver=qr)
