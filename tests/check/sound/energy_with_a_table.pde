domain x in [0, 1]
unknown u
let k = table("slope.csv", "k")
minimize integral(1/2*k*u_x^2 - (2*x + 1/2)*u)
bc u = 0 on boundary with weight=1e6
exact u = x*(1 - x)/2
