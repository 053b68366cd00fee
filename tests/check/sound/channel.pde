# Flat faces of a box with a hole are named by their coordinates, slanted ones by an equation.
let cylinder = disk((0.2, 0.2), 0.05)
domain (x, y) in box((0, 0), (2.2, 0.41)) - cylinder
boundary inlet: x = 0
boundary outlet: x = 2.2
unknown p
eq lap(p) = 0
bc p = 1 on inlet
bc p = 0 on outlet
bc dn(p) = 0 on rest
