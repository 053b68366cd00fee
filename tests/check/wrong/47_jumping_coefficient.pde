problem two_materials

domain x in [-1, 1]
unknown u

let k = if x < 0 then 1 else 10

eq div(k*grad(u)) = 1
bc u = 0 on boundary
