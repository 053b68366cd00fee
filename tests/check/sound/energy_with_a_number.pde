# Nothing but the energy tells what k is, so that `exact` can't be judged by it.
domain x in [0, 1]
unknown u
fit k = 2
minimize integral(1/2*u_x^2 - k*u)
bc u = 0 on boundary with weight=1e5
data u from "middle.csv"
exact u = x*(1 - x)
