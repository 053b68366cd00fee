# A soliton of the cubic Schroedinger equation that moves to the right: a complex unknown.
# V. E. Zakharov and A. B. Shabat, Sov. Phys. JETP 34, 1972.
problem nls_soliton

set tier = core

time t in [0, 1]
domain x in [-6, 6]
unknown h: complex

let soliton = sech(x - t)*exp(1i*x)
eq 1i*h_t + 1/2*h_xx + abs2(h)*h = 0
ic h = soliton
bc h = soliton on boundary

exact h = soliton

network mlp(20, 20)
train engd(steps=80)
