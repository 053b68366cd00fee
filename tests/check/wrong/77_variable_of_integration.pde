domain x in [0, 1]
unknown y
eq y = x + integral(s*y(s), s in 0..1)
