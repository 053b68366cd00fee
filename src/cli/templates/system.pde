# Two unknowns: u decays into v while both diffuse.
problem system

param k = 1    # rate of the reaction
param D = 0.1  # diffusion

time t in [0, 1]
domain x in [0, 1]
unknown u, v

# As many equations as unknowns.
eq u_t = D*u_xx - k*u
eq v_t = D*v_xx + k*u
ic u = sin(pi*x), v = 0
bc u = 0, v = 0 on boundary

# A formula that occurs twice deserves a name.
let mode = exp(-D*pi^2*t)*sin(pi*x)

exact u = exp(-k*t)*mode, v = (1 - exp(-k*t))*mode

network mlp(32, 32)
sample interior: grid(20, 20)
train engd(steps=200)
