# Transport over two periods, window by window: each of four networks sees half a period, and begins with what the one
# before has at its end. One network for all times needs many more neurons, since it has to know the past of every point.
problem transport_windows

time t in [0, 2]
domain x in [0, 1] periodic
unknown u

eq u_t + u_x = 0
ic u = exp(sin(2*pi*x))

exact u = exp(sin(2*pi*(x - t)))

network mlp(40)
sample interior: gauss(16, 32)
sample initial:  gauss(32)
train engd(steps=150) with windows=4

set tier = smoke
