time t in [0, 1]
domain x in [-5, 5] periodic
unknown h: complex
eq 1i*h_t + 1/2*h_xx + abs2(h)*h = 0
ic h = 2*sech(x)*exp(1i*x)
network mlp(16)
