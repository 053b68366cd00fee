problem wrong
domain x in [0, 1], y in [0, 1]
unknown u, v
eq div(u) = 0
eq grad(u) + v = 0
eq dot(u, v) = 1
eq (u, v) = (0, 0, 0)
eq d(u, x, 1.5) = 0
eq d(u, x, -1) + d(u, z) = 0
eq 1i*u = 0
eq dn(u) = 0
eq normal.x*u = 1/0
eq curl((u, v)) = norm2(u) + u(0, y)
eq u_xxxxxxxxxxxxxxxxxxxx = 0
ic u = 0
