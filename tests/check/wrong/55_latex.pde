domain x in [0, 1]
unknown u
eq \frac{d^2 u}{d x^2} = 1
bc u = 0 on boundary
