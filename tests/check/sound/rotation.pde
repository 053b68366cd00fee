# the velocity is tangential at the walls: nothing flows in
problem rotation

time t in [0, 1]
domain x in [0, 1], y in [0, 1]
unknown u

let a = sin(pi*x)*cos(pi*y)
let b = -cos(pi*x)*sin(pi*y)
eq u_t + a*u_x + b*u_y = 0
ic u = exp(-20*((x - 1/2)^2 + (y - 1/4)^2))
