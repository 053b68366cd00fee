problem broken
param a 3
domain x in [0, 1]
unknown u
eq u_xx = a*u + b
bc u = 0 on edge
