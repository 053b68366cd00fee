# A simply supported square plate under a sinusoidal load
# (S. Timoshenko and S. Woinowsky-Krieger, Theory of Plates and Shells, 1959, section 27).
problem plate

set tier = smoke

domain x in [0, 1], y in [0, 1]
unknown w

let q = sin(pi*x)*sin(pi*y)

eq lap(lap(w)) = q
bc w = 0, lap(w) = 0 on boundary

exact w = q/(4*pi^4)

network mlp(40)
train engd(steps=300)
