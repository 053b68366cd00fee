# Coordinates of a survey, and a corner that is given twice.
domain (x, y) in polygon((500000, 5400000), (500000.4, 5400000), (500000.4, 5400000), (500000.4, 5400000.4))
unknown u
eq lap(u) = 1
bc u = 0 on boundary
