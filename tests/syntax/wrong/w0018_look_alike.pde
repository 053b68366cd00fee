param Α = 1
param ν = 2
param ρο = 3
