param width = 1
domain x in [0, width], y in [0, 1]
