# Heat conduction through two layers. The strong form would lose the flux at the jump; the energy keeps it.
problem two_layers

set tier = smoke

domain x in [0, 1]
let k = if x < 1/2 then 1 else 4
unknown u

minimize integral(1/2*k*u_x^2)
bc u = 0 on x = 0 with hard
bc u = 1 on x = 1 with hard

exact u = if x < 1/2 then 8/5*x else 3/5 + 2/5*x

network mlp(24)
train engd(steps=100)
