# A part of the domain is a region.
domain x in [0, 1]
unknown u
minimize integral(u_x^2 - u, x in 0..1/2)
bc u = 0 on boundary
