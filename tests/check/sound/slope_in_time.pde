# Along time the normal of a curved boundary does not change.
time t in [0, 1]
domain (x, y) in disk((0, 0), 1)
unknown u
eq u_t = lap(u)
ic u = 0
bc d(dn(u), t) = 1 on boundary
report f = d(integral(dn(u), over=boundary), t)
