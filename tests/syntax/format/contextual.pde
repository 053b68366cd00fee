problem contextual
param time = 1; param data=2
param  eq = 3 # statement words are names inside a statement
unknown fit ,
   set
let sample = time
   + data -
  eq
time t in [0,
   time]
domain x in [0, 1]
  periodic
eq time: fit_t = set
   *on_ish*fit
eq set
  = 0 with weight = 2
bc fit = if x<1 and
   not (x = 0 or 1 <= x <= 2) then 1
   else 2
   on boundary
   with weight=1,
     hard
report boundary = integral( fit
,
over = boundary )
minimize
  integral(fit)
ansatz fit = x[1 , 2].y*2 .x^-2^+3
network fit:mlp()->  sine(2)
