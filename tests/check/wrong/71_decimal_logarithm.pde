domain x in [1/10, 1]
unknown u
eq u_xx = log10(x) + log2(x)
bc u = 0 on boundary
