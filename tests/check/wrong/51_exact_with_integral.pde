domain x in [0, 1]
unknown u

eq u_xx = exp(x) - x + 2*x*integral(x*u)
bc u = 1, u_x = 1 on x = 0

exact u = exp(x)
