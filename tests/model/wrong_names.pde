problem wrong
param nu = mu
param u = 1
param sin = 2
param u_x = 3
param unused = 3
let a = b*2
let b = a + 1
let f(s) = s^2 + f(s - 1)
domain x in [0, 1]
unknown u, v
eq u_xx = D*v_y + foo(x)
eq v_t = 0
