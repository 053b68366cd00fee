let a = (x < 1)*2
let b = 1 + (x < 1 and y < 1)
eq (u = 1) = 2
let c = sin((not x < 1))
let d = -(x != 1)
bc u = 0 on (x < 1) < 2
eq u = (x < 1)
