# A spinning body flips over (the effect of Dzhanibekov): Euler's equations for the angular velocity (p, q, r)
# of a free rigid body, scaled so that all three coefficients are one, on the orbit that leaves the unstable axis
# at one end and returns to it upside down. Closed form: Landau and Lifshitz, Mechanics, sec. 37.
problem tumbling_top

time t in [-3, 3]
unknown p, q, r

eq p_t = q*r
eq q_t = -p*r
eq r_t = -p*q

ic p = -tanh(3), q = sech(3), r = sech(3)

exact p = tanh(t), q = sech(t), r = sech(t)

network mlp(16)
sample interior: gauss(60)
train engd(steps=200)

set tier = smoke
