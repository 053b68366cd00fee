# The cavity and its walls
domain x in [0, 1], y in [0, 1]

boundary left: x == 0
boundary lid: z = 1
