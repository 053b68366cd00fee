problem room

domain x in [0, 2], y in [0, 1]
unknown u
boundary window: x = 2 and y > 1/4
boundary wall:   x = 0

eq lap(u) = 0
bc dn(u) = 1 - u on window
bc u     = 1     on wall
bc dn(u) = 0     on rest
