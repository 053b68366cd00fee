domain x in [0, 1]
unknown u, p
eq u_x = p
eq p_x = 1
bc u = 0 on boundary
train hngd(metric=map(u=h1, q=l2))
train hngd(metric=map(u=h3))
train hngd(metric=map(h1))
train hngd(metric=spaces(u=h1))
train hngd(metric=h3)
