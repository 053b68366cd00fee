domain x in [0, 1]
unknown u
eq u_xx = 1
bc u = 0 on boundary
train adam(weights=ntk(every=0))
train adam(weights=ntk(lr=1))
train adam(weights=ntk(5))
train adam(weights=gradient)
train adam(weights=2)
train adam(weights=adaptive(per=faces))
train adam(weights=adaptive(lr=-1))
train adam(weights=gradients(decay=1))
