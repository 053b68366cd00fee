param nu = 1 in [1/2, 2]
domain x in [0, 1]
unknown u
minimize integral(1/2*nu*u_x^2 - u)
bc u = 0 on boundary with weight=1e5
