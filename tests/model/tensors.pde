domain x[1..3] in [0, 1]
unknown w: vector, T: tensor
eq T = grad(w) + transpose(grad(w))
eq div(T) = (1, 0, x[1])
bc w = (0, 0, 0) on boundary
bc T[1, 2] = 0, dot(T, normal) = w on x[3] = 1
