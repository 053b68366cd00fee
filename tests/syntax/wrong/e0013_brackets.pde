problem brackets
eq u_t = sin((x + 1)
ic u = cos(x
bc u = 0 on boundary
let a = (x + 1]
let b = x + 1)
domain x in [0, 1
eq -lap(u) = f(
eq -lap(u) = 0
sample interior: grid(30, 30
train engd(steps=200)
