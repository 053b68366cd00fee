# Poisson's equation with two scales (Wang, Wang and Perdikaris 2021, arXiv 2012.10047, section 4.1)
#
# A plain network sees the slow wave only. Here the network is linear: 64 random frequencies, of which nothing but the last
# layer is trained (the random feature method, Chen, Chi, E and Yang, arXiv 2207.13380), so that training is a linear
# least-squares problem.
problem poisson_multiscale

domain x in [0, 1]
unknown u

let w = sin(2*pi*x) + 0.1*sin(50*pi*x)

eq -u_xx = (2*pi)^2*sin(2*pi*x) + 0.1*(50*pi)^2*sin(50*pi*x)
bc u = w on boundary

exact u = w

network fourier(64, scale=50)
sample interior: gauss(200)
train engd(steps=50)

set tier = smoke
