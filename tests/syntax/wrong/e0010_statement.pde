equation u_t = u_xx
pde u_t = u_xx
boundary condition u = 0 on boundary
dirichlet u = 0 on x = 0
variables u, v
parameter a = 1
loss integral(u^2)
model mlp(64)
optimizer adam(steps=10)
epochs 100
Domain x in [0, 1]
domian x in [0, 1]
initial condition u = 0
u_t = u_xx
u = 0 on boundary
-u_xx = 1
xyzzy u = 1
7
"text"
