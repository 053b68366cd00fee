# the fluxes carry away what the source makes, and one point fixes the constant
problem neumann

domain x in [0, 1], y in [0, 1]
unknown u

eq lap(u) = 4
bc dn(u) = 2 on x = 1 or y = 1
bc dn(u) = 0 on x = 0 or y = 0
bc u     = 0 on x = 0 and y = 0

exact u = x^2 + y^2
