# Plane elasticity in tensor notation, clamped on the left, free elsewhere.
param mu = 1
param la = 2
domain x in [0, 1], y in [0, 1]
unknown u: vector

let strain = 1/2*(grad(u) + transpose(grad(u)))
let stress = 2*mu*strain + la*trace(strain)*((1, 0), (0, 1))

eq -div(stress) = (x, 2*y)
bc u = (0, 0) on x = 0
bc dot(stress, normal) = (0, 0) on rest
