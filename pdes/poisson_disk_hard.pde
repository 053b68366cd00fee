# The Poisson equation in a disk with a hole, whose boundary values hold exactly: the network gives what is left inside.
problem poisson_disk_hard

set tier = smoke

let hole = disk((0, 0), 1/2)
domain (x, y) in disk((0, 0), 1) - hole
unknown u

let r2 = x^2 + y^2
eq -lap(u) = 4
bc u = 0 on boundary with hard

exact u = 1 - r2 + 3/4*log(r2)/log(4)

network mlp(24)
train engd(steps=60)
