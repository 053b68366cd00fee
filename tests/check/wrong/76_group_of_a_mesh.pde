domain (x, y) in mesh("square.msh")
unknown u
eq lap(u) = 1
bc u = 0 on wall
