# Only the derivative of u counts.
domain x in [0, 1]
unknown u
minimize integral(1/2*u_x^2 - x*u_x)
