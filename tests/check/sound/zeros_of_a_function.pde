# Faces that a formula names up to rounding: sin(pi) is no zero in double precision, nor is 0.1^2 - 0.01.
domain x in [0, 1], y in [-0.1, 0.1]
unknown u
eq lap(u) = 1
bc u = 0 on sin(pi*x) = 0
bc u = 0 on y^2 = 0.01
