domain x in [0, 1]
unknown u
eq u_xx = 1
bc u = 0 on boundary
sample interior: random(100)
sample boundary: halton(20)
