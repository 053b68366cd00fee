problem places
param L = 2
time t in [0, 1]
domain x in [0, L], y in [-1, 1]
unknown u, v, w(x, y)
boundary wall: x = 0 or x = L
eq heat: u_t = lap(u) with weight=2
eq v_t = u_xy - v
eq lap(w) = 0
bc left: u = 0 on x = 0
bc u = 1 on rest and y > 1/2
bc dn(u) = normal.y on rest
bc v = 0 on wall and not y > 0
bc v_x = u on rest with weight=10
bc corner: w = 0 on x = 0 and y = -1
bc w = y on x = L and x^2 + y^2 < 4.25
bc w = 1 on rest
bc gauge: w = 0 on x = 1 and y = 0 with interior
bc final: v = u on t = 1
ic u = 0, v = x
