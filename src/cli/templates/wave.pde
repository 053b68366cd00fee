# Wave equation: a string that is plucked and let go.
problem wave

param c = 1

time t in [0, 1]
domain x in [0, 1]
unknown u

# Second order in time, so that both the displacement and the velocity are given at t = 0.
eq u_tt = c^2*u_xx
ic u = sin(pi*x),
   u_t = 0
bc u = 0 on boundary

exact u = sin(pi*x)*cos(c*pi*t)

network mlp(32)
sample interior: grid(30, 30)
train engd(steps=300)
