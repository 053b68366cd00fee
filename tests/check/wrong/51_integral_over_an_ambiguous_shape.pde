domain x in [0, 1], y in [0, 1]
unknown u
let d = disk((1/2, 1/2), 1/4)
let h = disk((0, 0), 1/4)
eq lap(u) = 1
bc u = 0 on boundary
report a = integral(1, over=d)
report b = integral(1, over=h)
report c = integral(1, over=box((0,0),(1/2,1/2)))
report e = integral(1, over=boundary)
