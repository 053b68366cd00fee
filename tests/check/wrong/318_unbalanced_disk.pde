domain (x, y) in disk((0,0),1)
unknown u
# the flux through the circle does not carry away what the source makes
eq lap(u) = 1
bc dn(u) = 0 on boundary
constraint integral(u) = 0
