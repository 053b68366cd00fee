# both conditions at one end: an oscillator whose time is called x
problem oscillator

domain x in [0, 5]
unknown u

eq u_xx = -u
bc u = 0, u_x = 1 on x = 0

exact u = sin(x)
