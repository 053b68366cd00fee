# A chain of networks, switches that are on and off, and a network that is linear in random frequencies.
problem networks

time   t in [0, 1]
domain x in [-1, 1] periodic
unknown u, v(x)

eq u_t = u_xx + v
eq v_xx = cos(pi*x)
ic u = cos(pi*x)
bc v = 1 on t = 0

network u: mlp(16, act=sin, init=normal, rwf=on) -> piratenet(width=16, blocks=2, rwf=off)
network v: fourier(8, scale=2)
