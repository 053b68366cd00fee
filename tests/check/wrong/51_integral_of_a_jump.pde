# The value of the first is found by cutting at the jump; that of the second does not exist.
domain x in [0, 1]
unknown u
eq u_xx = integral(if x < 0.3 then 1 else 0) + integral(1/x)
bc u = 0 on boundary
