domain x in [0, 1], y in [0, 1]
unknown w: vector, p
param nu = 1/10
eq mom: adv(w, w) = -grad(p) + nu*lap(w)
eq mass: div(w) = 0
bc w = (sin(pi*y), 0) on x = 0
bc w.y = 0, w_x.x = 0 on x = 1
bc w = (0, 0) on rest
bc p = 0 on x = 1
network w: mlp(16)
network mlp(8)
