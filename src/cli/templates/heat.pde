# Heat equation in one dimension: a hot rod whose ends are kept cold.
# A line is a statement and starts with its keyword; what follows `#` is a comment.
problem heat

# Numbers with names; `pdec train heat.pde --set a=0.5` replaces one for a single run.
param a = 0.25

# Time and space. `ic` holds at the lower end of the time axis.
time t in [0, 1]
domain x in [0, 1]
unknown u

# u_t and u_xx are derivatives: letters behind the underscore are names of axes.
eq u_t = a*u_xx
ic u = sin(pi*x)
bc u = 0 on boundary

# Optional. It is put into every equation above, and then used to measure the error.
exact u = exp(-a*pi^2*t)*sin(pi*x)

# Optional too; `pdec show heat.pde` prints what is chosen when these are left out.
network mlp(32)
sample interior: grid(30, 30)
train engd(steps=200)
