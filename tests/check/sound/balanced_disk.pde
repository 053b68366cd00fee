# what is made inside goes out through the circle
domain (x, y) in disk((0, 0), 1)
unknown u
eq lap(u) = 2
bc dn(u) = 1 on boundary
constraint integral(u) = 0
exact u = (x^2 + y^2)/2 - 1/4
