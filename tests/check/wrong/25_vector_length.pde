problem poisson

domain x in [0, 1], y in [0, 1]
let flow = (1, 2, 3)
unknown u

eq -lap(u) + dot(flow, grad(u)) = 1
bc u = 0 on boundary
