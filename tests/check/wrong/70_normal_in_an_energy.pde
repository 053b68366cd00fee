# Inside there is no normal.
domain x in [0, 1], y in [0, 1]
unknown u
minimize integral(norm2(grad(u)) - normal.x*u)
bc u = 0 on boundary
