# Both equations of the last condition are about p; `rest` is what the conditions before leave.
domain x in [0, 2], y in [0, 1]
unknown w: vector, p
eq -lap(w) + grad(p) = (0, 0)
eq div(w) = 0
bc w = (0, 0) on y = 0 or y = 1
bc w = (4*y*(1 - y), 0) on x = 0
bc dn(w.x) - p*normal.x = 0, dn(w.y) - p*normal.y = 0 on rest
