eq u_t = a·u_xx
eq u² = 4 − u³
eq u_t = u_xx # a comment with ünïcode is fine
let ü = 1
let а = 1
let s = {1}
let d = u'
let e2 = ∂u
bc u = 0 on x ≤ 0 && y >= 1
eq u = $a @ b
// a comment
let _a = 1
