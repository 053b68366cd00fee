# Sums of integrals with constant factors, over space, a region and a boundary; natural conditions elsewhere.
domain x in [0, 1], y in [0, 1]
unknown u, v
param k = 2
boundary right: x = 1
region core: (x - 1/2)^2 + (y - 1/2)^2 <= 1/16
let elastic = integral(1/2*norm2(grad(u)) + 1/2*u^2)
minimize elastic - k*integral(u, over=right)/2 - (integral(x*u, over=core) + integral(y*u))
minimize integral(1/2*norm2(grad(v)) + 1/4*(v^2 - 1)^2) with weight=3
bc u = 0 on x = 0
