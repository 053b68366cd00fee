problem wave_tanh

param c = 2

time   t in [0, 1]
domain x in [0, 1]
unknown u

eq u_tt = c^2*u_xx
ic u = sin(pi*x) + 1/2*sin(4*pi*x),
   u_t = 0
bc u = 0 on boundary

exact u = sin(pi*x)*cos(c*pi*t) + 1/2*sin(4*pi*x)*cos(4*c*pi*t)

network mlp(40, 40)
sample interior: gauss(40, 40)
sample initial:  gauss(40)
sample boundary: gauss(40)
train engd(steps=100000)
set budget = 300
