# An energy stays the integral that it is.
domain x in [0, 1]
unknown u
minimize integral(1/2*u_x^2 - u)
bc u = 0 on boundary
sample interior: sobol(512) with adapt=rar
