domain x in [0, 1]
unknown pi
eq pi_xx = 1
bc pi = 0 on boundary
