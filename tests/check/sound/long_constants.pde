# the exact constants of a series are longer than a double
domain x in [0, 1]
unknown u
eq u_x = exp(x)*(1 + (0.123456789012345678*x)^18)
bc u = 1 on x = 0
