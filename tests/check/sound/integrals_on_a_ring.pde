# Up to a moving limit a periodic axis is no ring.
domain x in [0, 1] periodic
unknown u
eq u - integral(2*pi*cos(2*pi*x), x in 0..x) = 0
exact u = sin(2*pi*x)
