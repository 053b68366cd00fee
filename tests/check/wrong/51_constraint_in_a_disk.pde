# The second formula is no number at the corners of the box around the disk, the first not in a part of the disk.
domain (x, y) in disk((0, 0), 1)
unknown u
eq lap(u) = 1
bc u = 0 on boundary
constraint c: sqrt(1/2 - x^2 - y^2)*integral(u) = 0
constraint d: sqrt(1 - x^2 - y^2)*integral(u) = 0
