# A harmonic polynomial in ten dimensions
problem harmonic10d

domain x[1..10] in [0, 1]
unknown u

let h = (x[1]*x[2] + x[3]*x[4] + x[5]*x[6] + x[7]*x[8] + x[9]*x[10])/1.34

eq -lap(u) = 0
bc u = h on boundary

exact u = h

network mlp(48)
sample interior: sobol(2048)
sample boundary: sobol(2048)
train engd(steps=100000)
set budget = 600
