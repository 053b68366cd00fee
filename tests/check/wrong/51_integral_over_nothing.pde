domain x in [0, 1], y in [0, 1]
unknown u

region hole: x^2 + y^2 < -1

eq -lap(u) = 1
bc u = 0 on boundary
report mass = integral(u, over=hole)
