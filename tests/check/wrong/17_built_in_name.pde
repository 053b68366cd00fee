problem heat

param a = 0.25

time   t in [0, 1]
domain x in [0, 1]
unknown e

eq e_t = a*e_xx
ic e = sin(pi*x)
bc e = 0 on boundary
