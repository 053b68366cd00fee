problem integrals
# every kind of integral, what is folded, and what derivatives make of them
time t in [0, 2]
domain x in [0, 1], y in [0, 3]
unknown u, k(x)

param a = 2
boundary wall: x = 1
region core: y < 1

let mass = integral(u)
let flow = integral(dn(u), over=wall)
let memory = integral(u*t, t in 0..t)
let area = integral(1)
let known = integral(x*y)
let twice = integral(integral(u), t)

eq u_t = lap(u) - mass*u + d(mass, t) + memory + d(memory, t) + flow/area
eq k_x = known*k + integral(k) + d(integral(x*u^2, y), x) - twice
ic u = 1 + integral(k, x in x..1)
bc u = 0 on wall
bc u = integral(u, over=core) on rest
bc k = 1 on x = 0
constraint balance: mass = a
constraint norm: integral(k^2) = 1 with weight=7

sample  norm: gauss(30)
sample  balance: gauss(5, 6, 7)
report  total = mass
report  everything = twice
