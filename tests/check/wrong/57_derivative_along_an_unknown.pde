domain x in [0, 1]
unknown u, v
eq d(u, v) = 1
eq v_x = u
bc u = 0, v = 0 on x = 0
