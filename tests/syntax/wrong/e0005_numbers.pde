let a = .5
let b = 1.
let c = 1.e5 + .5e-3
let d = 1_000
let e2 = 1.2.3
let f = sum(i in 1..10, i)
let g = -.5*x + 2.*y
