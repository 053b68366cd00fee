# A beam clamped at its left end and free at its right, under its own weight
# Clamped: no deflection, no slope. Free: no bending moment (u_xx), no shear force (u_xxx).
# A polynomial of degree four solves it (any textbook on beams; also an example of DeepXDE).
problem euler_bernoulli

domain x in [0, 1]
unknown u

eq u_xxxx = -1
bc clamped: u    = 0, u_x = 0   on x = 0
bc free:    u_xx = 0, u_xxx = 0 on x = 1

exact u = -x^4/24 + x^3/6 - x^2/4

network mlp(16)
sample interior: gauss(40)
train engd(steps=200)

set tier = smoke
