problem networks

time   t in [0, 1]
domain x in [-1, 1] periodic, y in [0, 2]
unknown u, v, w, p, q, r, s(x, y), z(y)

eq u_t = lap(u) + v
eq v_t = lap(v) + w
eq w_t = lap(w) + p
eq p_t = lap(p) + q
eq q_t = lap(q) + r
eq r_t = lap(r) + s
eq lap(s) = z
eq z = sin(y)

network u: piratenet(width=16, blocks=2)
network v: fourier(8, scale=3) -> mlp(12, 12, act=swish, rwf=on)
network w: separable(8, 8, rank=6, act=sin)
network p: modified(16, 16, fourier=8, fourier_scale=2)
network q: siren(16, 16, scale=6) -> resnet(width=8, blocks=1, act=gelu)
network r: mlp(16, act=sin) -> piratenet(width=8, blocks=1, rwf=off)
network s: piratenet(width=15, blocks=1, fourier=4, fourier_scale=1/2)
network z: fourier(5)
