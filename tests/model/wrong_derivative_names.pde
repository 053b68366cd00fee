problem wrong
param u_x = 1
let v_xx = x
domain x in [0, 1]
unknown u, v, u_y
unknown e
eq u_xx = v_xx + u_x + u_z
eq v = 1
