let f = if x < 0 then 1
let g = (if x < 0 then 1) + 2
let h = if x < 0
let k = if x < 0 then if y < 0 then 1 else 2
