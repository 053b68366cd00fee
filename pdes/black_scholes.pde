# The price of a European call option, in units of the strike (F. Black and M. Scholes, J. Polit. Econ. 81, 1973).
# The time to maturity begins at a quarter of a year, after the kink of the payoff is smoothed.
problem black_scholes

set tier = smoke

param r     = 0.05
param sigma = 0.2

time t in [0, 1]
domain s in [0, 4]
unknown v

let maturity = t + 1/4
let d1       = (log(s) + (r + sigma^2/2)*maturity)/(sigma*sqrt(maturity))
let d2       = d1 - sigma*sqrt(maturity)
let N(z)     = 1/2*(1 + erf(z/sqrt(2)))
let call     = s*N(d1) - exp(-r*maturity)*N(d2)

eq v_t = 1/2*sigma^2*s^2*v_ss + r*s*v_s - r*v
ic v = call
bc v = call on boundary

exact v = call

network mlp(48)
train engd(steps=300)
