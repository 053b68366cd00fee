# The characteristic value a_0 of Mathieu's equation with q = 1, a = -0.45513860 (Abramowitz and Stegun, table 20.1):
# an eigenvalue, found by its bounds.
# No elementary solution
problem mathieu

set tier = smoke

fit a = -0.5 in [-1, 0]

domain x in [0, pi] periodic
unknown y

eq y_xx + (a - 2*cos(2*x))*y = 0
constraint integral(y^2) = pi/2

network mlp(16)
train engd(steps=200)
