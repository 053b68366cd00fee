problem poisson

let bite = disk((1, 0), 1/2)
domain (x, y) in disk((0, 0), 1) - bite
unknown u

eq -lap(u) = 1
bc u = 1 on bite
bc u = 0 on rest
