# Conditions on a hole, on an arc and on the rest of a circle; a region as a coefficient.
let hole = disk((0.3, 0), 0.2)
domain (x, y) in disk((0, 0), 1) - hole
boundary east: x > 0.5
region core: disk((-0.5, 0), 0.1)
unknown u
eq lap(u) = (if core then 1 else 0)
bc u = 1 on hole
bc u = 0 on east and not hole
bc dn(u) + u = normal.x on rest
