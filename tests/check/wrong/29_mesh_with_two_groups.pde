domain (x, y) in mesh("two_groups.msh")
unknown u
eq lap(u) = 1
bc u = 0 on all
bc u = 1 on rest
