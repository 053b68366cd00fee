problem wrong

domain x in [0, 1], y in [0, 1]
unknown w: vector

eq transpose(w) = (1, 1)
bc w = (0, 0) on boundary
