fit k = 1
time t in [0, 1]
domain x in [10, 11]
unknown u
eq u_t = k*u_xx
ic u = 0
bc u = 0 on boundary
data u from "data/outside.csv"
