let k = table("data/k.csv", interpolation=linear)
time t in [0, 1]
domain x in [-1, 1]
unknown u
eq u_t = d(k*u, x, 2)
ic u = sin(pi*x)
bc u = 0 on boundary
