# A derivative along a parametric number is one like any other; on a line, conditions are counted as without it.
param a in [1, 2]
domain x in [0, 1]
unknown u, s(x, a)
eq u_xx = -a*pi^2*sin(pi*x)
eq sensitivity: s = u_a
bc u = 0 on boundary
exact u = a*sin(pi*x), s = sin(pi*x)
