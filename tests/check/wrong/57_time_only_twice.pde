time t in [0, 10]
unknown y
eq y_tt + y = 0
ic y = 1
