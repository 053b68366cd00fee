domain x in [0, 1]
unknown u # ä
