# The Laplace equation with boundary values that hold exactly: the network gives what is left inside.
problem laplace_hard

set tier = smoke

domain x in [0, 1], y in [0, 2]
unknown u

let v = exp(x)*sin(y) + x*y
eq lap(u) = 0
bc u = v on boundary with hard

exact u = v

network mlp(24)
train engd(steps=60)
