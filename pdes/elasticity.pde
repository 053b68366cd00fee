# Plane elasticity in tensor notation: a clamped square under a load whose solution is known.
problem elasticity

set tier = smoke

param mu = 1
param la = 2

domain x in [0, 1], y in [0, 1]
unknown u: vector

let eps(v)   = 1/2*(grad(v) + transpose(grad(v)))
let sigma(v) = 2*mu*eps(v) + la*div(v)*((1, 0), (0, 1))
let ue       = (sin(pi*x)*sin(pi*y), x*(1 - x)*y*(1 - y))
eq div(sigma(u)) = div(sigma(ue))
bc u = (0, 0) on boundary with hard

exact u = ue

network mlp(32)
train engd(steps=60)
