domain x in [0, 1]
unknown u
minimize integral(u_x^2/2 - u)
bc u = 0 on boundary with weight=1e6
train engd(steps=100, weights=ntk)
