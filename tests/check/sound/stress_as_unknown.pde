# First-order form of a Poisson problem of a vector: its gradient is an unknown tensor.
domain x in [0, 1], y in [0, 1]
unknown w: vector, G: tensor

let we = (sin(pi*x)*sin(pi*y), x*(1 - x)*sin(pi*y))
eq G = grad(w)
eq div(G) = lap(we)
bc w = we on boundary
exact w = we, G = grad(we)
