# the header stays on top


problem    layout
param h=2.0 # coefficient
param   Ta = 0.5# ambient
let b=h*2
time t in[0,1]
let hole=disk((0.3,0),0.2)
domain (x,y) in disk((0, 0), 1)-hole ;unknown T,w : vector , v(x)
# what is solved
eq heat : T_t=lap( T )+1
eq m:  -x^-2 * y/( 1+z )=2
bc T=1 on hole
bc dn(T)=-h*(T-Ta)   on rest   with weight = 10,hard # Robin
ic T = 1 - exp(-10*((x + 0.05)^2
+ (y + 0.02)^2)), # first

   # second
      v = exp(
  -10*x
    )
eq T = if x<0 and not(y = 1 or y=2) then - 1 else +1
exact T=1


network mlp(64,64, act = tanh)->  mlp( 3 )
sample interior:grid(30,30)
sample   boundary : grid(30) with margin = 0.01
report loss=integral(-dn(T),over = boundary)
output grid(3,4), w , flux=-grad( T )
set seed=1
# the end
