problem wrong

time t in [0, 1]
domain x in [-1, 1] periodic
unknown h: complex

eq 1i*h_t + h_xx = 0
ic h = if h > 0 then 1 else 0
