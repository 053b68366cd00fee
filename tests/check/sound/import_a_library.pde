# A problem that is made of parts: its own words on methods count, and what it does not need it need not use.
import "parts/plate.pde"
import "parts/numbers.pde"
train engd(steps=7)
exact u = half*x^2
