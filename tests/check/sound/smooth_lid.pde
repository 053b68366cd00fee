problem cavity
param Re = 100

domain x in [0, 1], y in [0, 1]
unknown u, v, p

eq mom_x: u*u_x + v*u_y = -p_x + lap(u)/Re
eq mom_y: u*v_x + v*v_y = -p_y + lap(v)/Re
eq mass:  u_x + v_y     = 0
bc lid:   u = 4*x*(1 - x), v = 0 on y = 1
bc wall:  u = 0, v = 0           on rest
bc gauge: p = 0                  on x = 0 and y = 0
