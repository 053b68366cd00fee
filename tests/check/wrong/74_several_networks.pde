domain x in [0, 1]
unknown u, v
eq u_xx = v
eq v_xx = 1
bc u = 0, v = 0 on boundary
network u: mlp(10), v: mlp(10)
