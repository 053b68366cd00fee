time t in [0, 1]
domain x in [0, 1]
unknown u(x), v
eq u_xx = 1
eq v_t = v_xx
bc u = 0 on boundary
bc v = 0 on boundary
ic v = sin(pi*x)
reference u, v from "data/without_time.csv"
