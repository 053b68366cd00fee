domain x in [0, 1)
domain y in (0, 1)
domain z[1..3] in (-1, 1]
time t in (0, 2*pi)
fit k = 1 in (0.1, 10)
