# The ground state of the harmonic oscillator with its energy 1/2: an eigenvalue problem, whose solution has the norm 1
# by a constraint and is defined up to its sign. The energy starts at 0.4.
problem schrodinger_eigen

fit E = 0.4

domain x in [-6, 6]
unknown psi

eq -1/2*psi_xx + 1/2*x^2*psi = E*psi
bc psi = 0 on boundary
constraint norm: integral(psi^2) = 1

exact psi = pi^(-1/4)*exp(-x^2/2)

network mlp(32)
sample interior: gauss(100)
train engd(steps=200)

set tier = smoke
