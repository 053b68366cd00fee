import "parts/heated.pde"
ic u = 1
