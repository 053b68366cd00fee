# What `rest` leaves out is what conditions on the same unknown cover, whatever numbers they share.
time t in [0, 1]
domain x in [0, 1]
unknown u, v
fit k = 1
eq u_t = u_xx
eq v_t = v_xx
ic u = 0
ic v = 0
bc k*u = 1 on x = 0
bc u = 0 on x = 1
bc k*v = 1 on rest
