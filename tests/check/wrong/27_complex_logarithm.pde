problem wrong

time t in [0, 1]
domain x in [-1, 1] periodic
unknown h: complex

eq 1i*h_t + h_xx = log(h)
ic h = cos(pi*x)
