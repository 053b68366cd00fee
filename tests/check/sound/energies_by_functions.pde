domain x[1..3] in [0, 1]
unknown u, v
let energy(w) = integral(1/2*norm2(grad(w)) - w)
minimize energy(u) + sum(i in 1..3, integral(d(v, x[i])^2))
minimize integral(integral(u)*u)
bc u = 0 on boundary with weight=1e5
bc v = x[1]^2 - x[2]^2 on boundary with weight=1e5
