param nu := 0.01
domain x in [0, 1]
unknown u
eq nu*u_xx = 1
bc u = 0 on boundary
