# The Lane-Emden equation of index 5, a star as a polytrope, with a regular singular point at the centre
# (S. Chandrasekhar, An Introduction to the Study of Stellar Structure, 1939, chapter 4).
problem lane_emden

set tier = smoke

domain r in [0, 5]
unknown theta

eq r*theta_rr + 2*theta_r + r*theta^5 = 0
bc theta   = 1 on r = 0
bc theta_r = 0 on r = 0

exact theta = 1/sqrt(1 + r^2/3)

network mlp(20)
train engd(steps=300)
