# A shape by the part of the boundary on its surface, or by what it encloses; named where it has both.
domain (x, y) in box((0, 0), (2, 1)) - disk((1, 1/2), 1/4)
unknown u
let hole = disk((1, 1/2), 1/4)
let probe = disk((1/2, 1/2), 1/8)
let corner = box((0, 0), (1/2, 1/2))
region start: corner
boundary foot: corner
eq lap(u) = 1
bc u = 0 on boundary
report drag = integral(dn(u), over=hole)
report mean = integral(u, over=probe)
report both = integral(u, over=start) + integral(dn(u), over=foot)
