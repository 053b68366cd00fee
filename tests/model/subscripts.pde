problem subscripts
domain x in [0, pi], x1 in [0, 1], s[1..3] in [-1, 1] periodic
unknown u, v_0
let g(a, b) = d(a, x)*b + u_x1x
let h = g(u, 2)
eq u_xx1x + u_x1x1 + d(u, s[2], 2) + v_0_x = h + sum(i in 1..3, d(u, s[i], 2))
eq v_0 = lap(u^2) + max(x, x1, 1/2) + sqrt(2)
bc u = 0 on boundary
