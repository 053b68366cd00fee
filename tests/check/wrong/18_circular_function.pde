domain x in [0, 1]
unknown u
let f(s) = f(s) + f(s)
let g = f(x)
eq u_xx = g
bc u = 0 on boundary
