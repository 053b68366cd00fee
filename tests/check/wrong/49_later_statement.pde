problem poisson

domain x in [0, 1], y in [0, 1]
unknown u

minimize integral(1/2*norm2(grad(u)) - u)
bc u = 0 on boundary
