domain x in [0, 1]
unknown u
let k = table("slope.csv", "k")
eq d(k*u_x, x) = 1
bc u = 0 on boundary
