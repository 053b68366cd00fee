domain x in [0, 1]
unknown u
eq u_xx = sin(2*pi*x)
bc u(0) = u(1) on boundary
