domain x in [0, 1]
unknown u
eq -u_xx + u^2 = 1
bc u = 0 on boundary
set precision = f32
train adam(steps=100)
train hngd(steps=10)
train kfac(steps=10)
train engd(steps=10, metric=newton)
train engd(steps=10, metric=gauss_newton)
train engd(steps=10) with stage
