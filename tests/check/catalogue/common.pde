domain x in [0, 1]
