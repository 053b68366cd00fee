"""Writes the reference solutions of the problems here to `ref/`: python3 references.py (NumPy; a minute).

Burgers by the integral of Cole and Hopf; Allen-Cahn (4096 modes) and Korteweg-de Vries (512 modes, 3/2 rule) by Fourier
modes in space and ETDRK4 in time (Kassam and Trefethen, SIAM J. Sci. Comput. 26, 2005). Values at 100 times and, for each,
160 places drawn at random, where the Fourier sum is taken: no interpolation stands between a solution and its reference.
"""

import os

import numpy as np

TIMES = np.linspace(0, 1, 101)[1:]
PLACES = np.random.default_rng(0).uniform(-1, 1, (len(TIMES), 160))


def burgers(nu=0.01 / np.pi):
    values = np.empty(PLACES.shape)
    for row, (t, x) in enumerate(zip(TIMES, PLACES)):
        half = t + 12 * np.sqrt(2 * nu * t)
        s = np.linspace(-half, half, 4001)
        y = x[:, None] - s[None]
        exponent = -(s[None] ** 2) / (4 * nu * t) - np.cos(np.pi * y) / (2 * np.pi * nu)
        weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
        values[row] = -(np.sin(np.pi * y) * weight).sum(axis=1) / weight.sum(axis=1)
    return values


def etdrk4(start, linear, nonlinear, step):
    """The real part of the solution at TIMES and PLACES; linear is a diagonal in Fourier space."""
    circle = np.exp(2j * np.pi * (np.arange(1, 65) - 0.5) / 64)
    z = step * linear[:, None] + circle[None]
    e, half = np.exp(step * linear), np.exp(step * linear / 2)
    mean = lambda values: step * values.mean(axis=1)
    q = mean((np.exp(z / 2) - 1) / z)
    f1 = mean((-4 - z + np.exp(z) * (4 - 3 * z + z**2)) / z**3)
    f2 = mean((2 + z + np.exp(z) * (z - 2)) / z**3)
    f3 = mean((-4 - 3 * z - z**2 + np.exp(z) * (4 - z)) / z**3)
    v, values = np.fft.fft(start), []
    frequencies = np.pi * np.fft.fftfreq(len(start), 1 / len(start))
    for places in PLACES:
        for _ in range(round(TIMES[0] / step)):
            n = nonlinear(v)
            a = half * v + q * n
            of_a = nonlinear(a)
            b = half * v + q * of_a
            of_b = nonlinear(b)
            c = half * a + q * (2 * of_b - n)
            v = e * v + f1 * n + 2 * f2 * (of_a + of_b) + f3 * nonlinear(c)
        values.append((np.exp(1j * np.outer(places + 1, frequencies)) @ v).real / len(v))
    return np.array(values)


def modes(count):
    return -1 + 2 * np.arange(count) / count, np.pi * np.fft.fftfreq(count, 1 / count)


def allen_cahn(count=4096):
    x, k = modes(count)
    cube = lambda v: np.fft.fft(-5 * np.fft.ifft(v).real ** 3)
    return etdrk4(x**2 * np.cos(np.pi * x), 5 - 1e-4 * k**2, cube, 1e-3)


def kdv(count=512):
    x, k = modes(count)
    k[count // 2] = 0
    kept, padded = count // 2, 3 * count // 2

    def convection(v):
        wide = np.zeros(padded, complex)
        wide[:kept], wide[-kept:] = v[:kept], v[-kept:]
        square = np.fft.fft((np.fft.ifft(wide).real * padded / count) ** 2) * count / padded
        return -0.5j * k * np.concatenate([square[:kept], square[-kept:]])

    return etdrk4(np.cos(np.pi * x), 0.022**2 * 1j * k**3, convection, 1e-4)


def write(name, values):
    rows = np.column_stack([np.repeat(TIMES, PLACES.shape[1]), PLACES.ravel(), values.ravel()])
    np.savetxt(f"ref/{name}.csv", rows, "%.17g", ",", header="t,x,u", comments="")


if __name__ == "__main__":
    os.makedirs("ref", exist_ok=True)
    write("burgers", burgers())
    write("allen_cahn", allen_cahn())
    write("kdv", kdv())
