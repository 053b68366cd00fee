# An integral over x leaves y.
domain x in [0, 1], y in [0, 1]
unknown u
minimize integral(norm2(grad(u)) - u, x)
bc u = 0 on boundary
