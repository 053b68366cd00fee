# Conditions that hold exactly on a hole and on the outer circle, and the initial values between them.
time t in [0, 1]
let hole = disk((0.3, 0), 0.2)
domain (x, y) in disk((0, 0), 1) - hole
unknown u
eq u_t = lap(u) + 1
ic u = 0 with hard
bc u = 0 on hole with hard
bc u = t on rest with hard
