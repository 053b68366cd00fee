problem wrong

domain x in [0, 1], y in [0, 1]
unknown u
let k = ((1, 0, 0), (0, 1, 0))

eq -div(dot(k, grad(u))) = 1
bc u = 0 on boundary
