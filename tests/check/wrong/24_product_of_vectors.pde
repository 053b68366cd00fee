problem wrong

domain x in [0, 1], y in [0, 1]
unknown w: vector

eq w*w = w
bc w = (0, 0) on boundary
