domain x in [0, 1]
unknown u
minimize integral(u_x^2/2 - u)
bc u = 0 on boundary
constraint integral(u^2) = 1
set precision = f32
train soap(steps=10)
train lm(steps=10)
