# The minimum moves by 1/10.
domain x in [0, 1]
unknown u
minimize integral(1/2*u_x^2 - u)
bc u = 0 on boundary with weight=10
