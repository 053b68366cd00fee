# Poisson equation on the unit square.
problem poisson

domain x in [0, 1], y in [0, 1]
unknown u

# A name for a formula; it may have arguments, as in `let f(s) = s^2`.
let f = 2*pi^2*sin(pi*x)*sin(pi*y)

# lap(u) is u_xx + u_yy.
eq -lap(u) = f

# `boundary` is all of it. Other places: `on x = 0`, `on x = 0 and y > 1/2`, `on rest`.
bc u = 0 on boundary

exact u = sin(pi*x)*sin(pi*y)

network mlp(32)
sample interior: grid(30, 30)
train engd(steps=200)
