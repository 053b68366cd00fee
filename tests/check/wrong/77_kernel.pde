domain x in [0, 1]
unknown y
eq y = x + integral(exp(s-x)*y(s), s in 0..x)
