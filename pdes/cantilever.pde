# A cantilever with an end load in plane stress (S. Timoshenko and J. N. Goodier, Theory of Elasticity, article 21)
problem cantilever

set tier = core

param E  = 1
param nu = 0.3
param L  = 4
param c  = 1/2
param P  = -0.01
let D = 2*c
let I = D^3/12
let G = E/(2*(1 + nu))

domain x in [0, L], y in [-c, c]
unknown w: vector

let lam   = E*nu/(1 - nu^2)
let mu    = G
let eps   = (grad(w) + transpose(grad(w)))/2
let sigma = lam*div(w)*((1, 0), (0, 1)) + 2*mu*eps
eq div(sigma) = (0, 0)
bc w = (wx, wy) on x = 0
bc dot(sigma, normal) = (0, 0) on y = c or y = -c
bc dot(sigma, normal) = (0, -P/(2*I)*(c^2 - y^2)) on x = L

let wx = P*y/(6*E*I)*((6*L - 3*x)*x + (2 + nu)*(y^2 - D^2/4))
let wy = -P/(6*E*I)*(3*nu*y^2*(L - x) + (4 + 5*nu)*D^2*x/4 + (3*L - x)*x^2)
exact w = (wx, wy)

network mlp(32)
train engd(steps=400)
