problem heat

time   t in [0, 1]
domain x in [0, 1]
unknown u

ic u = sin(pi*x)
bc u = 0 on boundary
