param young = 210
import "material.pde"
