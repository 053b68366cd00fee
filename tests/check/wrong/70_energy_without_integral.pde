# A formula of the point is no number.
domain x in [0, 1]
unknown u
minimize 1/2*u_x^2 - u
bc u = 0 on boundary
