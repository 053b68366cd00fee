problem poisson

domain (x, y) in mesh("sensors.csv")
unknown u

eq -lap(u) = 1
bc u = 0 on boundary
