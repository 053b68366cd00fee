# every statement is read, or reported, on its own
problem mixed
eq u_t = )
unknown u
eq u_t == u_xx
ic u = 
bc u = 0
train engd(steps=200)
