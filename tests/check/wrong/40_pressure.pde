problem stokes

domain x in [0, 1], y in [0, 1]
unknown u, v, p

eq mom_x: lap(u) = p_x
eq mom_y: lap(v) = p_y
eq mass:  u_x + v_y = 0

bc u = x^2, v = -2*x*y on boundary
