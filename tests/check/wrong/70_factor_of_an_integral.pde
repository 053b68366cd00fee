# A factor that depends on the point stands inside.
domain x in [0, 1]
unknown u
minimize x*integral(u_x^2) - integral(u)
bc u = 0 on boundary
