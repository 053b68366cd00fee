bc u = 0
bc lid: u = 1, v = sin(pi*x)
bc u = 0 with weight=10
bc u = 0 at x = 0
bc u = 0 where x = 0
bc u = 0 if x = 0
