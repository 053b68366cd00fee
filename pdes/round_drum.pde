# The first eigenvalue of a round drum, the square of the first zero of J0: 5.783185962946785 (Abramowitz and Stegun, table 9.5)
# No elementary solution
problem round_drum

set tier = core

domain (x, y) in disk((0, 0), 1)
unknown u

fit lam = 5

eq lap(u) + lam*u = 0
bc u = 0 on boundary with hard
constraint norm: integral(u^2) = 1

report err = lam - 5.783185962946785
network mlp(24)
train engd(steps=100)
