domain x in [0, 1]
unknown u
eq u_xx = 0
bc u = x on boundary
data u from "."
