# integrals of vectors and complex numbers, over places, ranges and time, in equations, conditions and constraints
time t in [0, 1]
domain x in [0, 1] periodic, y in [0, 1] periodic
unknown w: vector, h: complex, p

region core: x < 1/2
let drift = integral(w)

eq flow: d(w, t) = lap(w) - drift - grad(p)
eq mass: div(w) = 0
eq wave: 1i*d(h, t) = lap(h) + integral(abs2(h), over=core)*h + integral(h, t in 0..t)
ic w = (sin(2*pi*y), cos(2*pi*x)), h = 1i*cos(2*pi*x)
constraint gauge: integral(p) = 0
constraint phase: integral(h*cos(2*pi*x)) = integral(h, x in 0..1/2)

sample gauge: gauss(8, 20, 20)
report momentum = drift.x
report memory = integral(integral(abs2(h)), t)
