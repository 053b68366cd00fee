# A damped oscillator: an ordinary differential equation has time, but no space.
problem ode

param damping   = 0.5
param stiffness = 4

time t in [0, 5]
unknown u

eq u_tt + damping*u_t + stiffness*u = 0
ic u = 1,
   u_t = 0

# The frequency of the damped motion.
let omega = sqrt(stiffness - damping^2/4)

exact u = exp(-damping*t/2)*(cos(omega*t) + damping/(2*omega)*sin(omega*t))

network mlp(32)
sample interior: grid(100)
train engd(steps=300)
