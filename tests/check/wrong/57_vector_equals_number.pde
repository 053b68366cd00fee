domain x in [0, 1], y in [0, 1]
unknown p
eq grad(p) = 1
bc p = 0 on boundary
