# Jacobi's separatrix: the pendulum that needs for ever to stand upright
problem pendulum

time t in [0, 4]
unknown angle, rate

eq angle_t = rate
eq rate_t  = -sin(angle)
ic angle = 0, rate = 2

exact angle = 4*atan(exp(t)) - pi, rate = 2*sech(t)
