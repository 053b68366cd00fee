problem poisson

domain (x, y) in mesh("square.msh")
unknown u

eq -lap(u) = 1
bc u = 0 on flor
bc u = 1 on rest
