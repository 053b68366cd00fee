let half = 1/2
let third = 1/3
