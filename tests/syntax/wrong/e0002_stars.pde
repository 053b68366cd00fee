eq u_xx**2 = 1
let a = 2**-x**3
