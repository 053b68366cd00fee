# An energy that is the same for any solution.
domain x in [0, 1]
unknown u
minimize integral(x^2)
bc u = 0 on boundary
