problem beam

domain x in [0, 1]
unknown u

eq u_xxxx = -1
bc clamped: u = 0, u_x = 0 on x = 0
bc free:    u_xx = 0       on x = 1
