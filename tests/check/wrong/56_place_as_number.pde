boundary wall: x = 0
domain x in [0, 1]
unknown u
eq u_xx = wall
bc u = 0 on boundary
