problem bom
eq u == 1
bc u = 0
