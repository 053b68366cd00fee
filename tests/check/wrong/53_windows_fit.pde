fit k = 1
time t in [0, 1]
domain x in [0, 1]
unknown u
eq u_t = k*u_xx
ic u = sin(pi*x)
bc u = 0 on boundary
data u from "sensors.csv"
train engd(steps=100) with windows=5
