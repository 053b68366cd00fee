eq u_xx - 1
eq heat: u_t - u_xx
bc u on boundary
ic u
ic u = 1, u_t
exact sin(x)
constraint integral(u)
constraint u < 1
eq u_t - u_xx in core
eq u_t - u_xx with weight=2
