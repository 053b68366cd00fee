# Euler and Lagrange: -u_xx = 1 has another solution.
domain x in [0, 1]
unknown u
minimize integral(1/2*u_x^2 - u)
bc u = 0 on boundary
exact u = x*(1 - x)
