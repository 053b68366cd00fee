import "circle.pde"
