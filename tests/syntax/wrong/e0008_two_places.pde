bc u = 0 on x = 0, x = 1
bc u = 0 on left, right with hard
