import "steel.pde"
let E = young
