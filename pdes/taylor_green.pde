# Decaying vortices of Taylor and Green: the incompressible Navier-Stokes equations in velocity and pressure
# One of their few closed solutions (Taylor and Green, Proc. R. Soc. A 158 (1937), in two dimensions)
problem taylor_green

param nu = 0.1

time t in [0, 1]
domain x in [0, pi], y in [0, pi]
unknown u, v, p

let decay = exp(-2*nu*t)
let ue    = -cos(x)*sin(y)*decay
let ve    = sin(x)*cos(y)*decay
let pe    = -1/4*(cos(2*x) + cos(2*y))*decay^2

eq mom_x: u_t + u*u_x + v*u_y = -p_x + nu*lap(u)
eq mom_y: v_t + u*v_x + v*v_y = -p_y + nu*lap(v)
eq mass:  u_x + v_y           = 0

ic u = ue, v = ve
bc wall:  u = ue, v = ve on boundary
bc gauge: p = pe         on x = 0 and y = 0  # the equations know only the gradient of p

exact u = ue, v = ve, p = pe

network mlp(64, act=sin, scale=2)
sample interior: gauss(8, 14, 14)
sample wall:     gauss(8, 14)
sample initial:  gauss(14, 14)
train engd(steps=500)

set tier = core
