param in = 1
unknown u, on
let if = 2
