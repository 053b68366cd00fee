# A complex field with a complex coefficient and a division.
time t in [0, 1]
domain x in [-pi, pi] periodic
unknown h: complex

let wave = exp(1i*(x - t))
eq h_t = 1i*h_xx/(1 + 0*x)
ic h = exp(1i*x)
exact h = wave
