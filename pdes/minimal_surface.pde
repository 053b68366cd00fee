# Scherk's surface (1834): the graph of least area over a square with these boundary values.
problem minimal_surface

domain x in [-1, 1], y in [-1, 1]
unknown u

let scherk = log(cos(y)/cos(x))

minimize integral(sqrt(1 + norm2(grad(u))))
bc u = scherk on boundary with weight=1e5

exact u = scherk

network mlp(32)
sample interior: gauss(24, 24)
sample boundary: gauss(32)
train engd(steps=1000)
set tier = smoke
