# The beam of the second exercise
import "parts/material.pde"
domain x in [0, 1]
unknown u
eq E*u_xx = 1
bc u = 0 on boundary
