# heat backward in time: the value is known at the end
problem backward

time t in [0, 1]
domain x in [0, 1]
unknown u

eq u_t = -u_xx
bc u = sin(pi*x) on t = 1
bc u = 0         on x = 0 or x = 1
