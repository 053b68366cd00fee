domain x in [0, 1]
unknown u
minimize integral(1/2*u_x^2) with weight=2
minimize -integral(2*u)
bc u = 0 on boundary with weight=1e6
exact u = x*(1 - x)/2
