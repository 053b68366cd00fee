# Optimal control of Poisson's equation: state and adjoint state of the optimality system (F. Troeltzsch, Optimal Control of PDEs, chapter 2)
problem optimal_control

set tier = core

param alpha = 0.01

domain x in [0, 1], y in [0, 1]
unknown y1, p

let s = sin(pi*x)*sin(pi*y)
eq -lap(y1) = -p/alpha + f
eq -lap(p)  = y1 - yd
let f  = 2*pi^2*s + s/alpha
let yd = s - 2*pi^2*s
bc y1 = 0, p = 0 on boundary with hard

exact y1 = s, p = s

network mlp(32)
train engd(steps=100)
