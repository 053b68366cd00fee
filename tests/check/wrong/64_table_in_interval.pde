let k = table("data/k.csv")
domain x in [0, k]
unknown u
eq u_xx = 1
bc u = 0 on boundary
