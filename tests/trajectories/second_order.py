#!/usr/bin/env python3
"""Losses of dense second-order methods on a small problem, from their formulas alone: writes second_order.json.

NumPy only. Derivatives in the parameters by complex steps (exact to rounding), second ones by central differences of these.
"""
import json
import os
import numpy as np

SIZE, STEPS = 13, 10
c = (np.arange(5) + 0.5) * 0.4 - 1.0
inside = np.array([(x, y) for x in c for y in c])
ones = np.ones(5)
faces = np.concatenate([np.stack(p, 1) for p in [(-ones, c), (ones, c), (c, -ones), (c, ones)]])
ROOTS = np.sqrt(np.concatenate([np.full(25, 4 / 25), np.full(20, 2 / 5)]))
START = np.array([0.2, 1.7, 0.3, -1.4, -1.0, 1.2, 2.0, 1.5, 1.1, 0.4, 0.6, 0.2, -0.8])


def jets(theta, points):
    """u, u_x, u_y, u_xx, u_xy, u_yy of a network 2-3-1."""
    w, b, v, a = theta[:6].reshape(3, 2), theta[6:9], theta[9:12], theta[12]
    t = np.tanh(points @ w.T + b)
    d1 = 1 - t * t
    d2 = -2 * t * d1
    first = [(d1 * w[:, i]) @ v for i in range(2)]
    second = [(d2 * w[:, i] * w[:, j]) @ v for i, j in [(0, 0), (0, 1), (1, 1)]]
    return [t @ v + a, *first, *second]


def residual(theta):
    u, _, _, xx, _, yy = jets(theta, inside)
    equation = -(xx + yy) + u**2 - (1 + inside[:, 0] * inside[:, 1])
    return ROOTS * np.concatenate([equation, jets(theta, faces)[0]])


def jacobian(f, theta):
    columns = []
    for i in range(SIZE):
        moved = theta.astype(complex)
        moved[i] += 1e-30j
        columns.append(f(moved).imag / 1e-30)
    return np.array(columns).T


def loss(theta):
    return 0.5 * np.sum(residual(theta) ** 2)


def gradient(theta):
    return jacobian(residual, theta).T @ residual(theta)


def sobolev(order):
    def tangents(theta):
        u, x, y, xx, xy, yy = jets(theta, inside)
        rows = [[u], [u, x, y], [u, x, y, xx, np.sqrt(2) * xy, yy]][order]
        return np.concatenate([ROOTS[:25] * row for row in rows])
    return lambda theta: jacobian(tangents, theta)


def grid(theta, d):
    trials = [theta + 0.5**k * d for k in range(31)]
    return trials[int(np.argmin([loss(t) for t in trials]))]


def lstsq(rows):
    def step(theta, state):
        a = rows(theta)
        return grid(theta, np.linalg.lstsq(a.T @ a, -gradient(theta), rcond=None)[0]), state
    return step


def damped_grid(theta, state):
    j = jacobian(residual, theta)
    damping = min(loss(theta), 1e-2)
    return grid(theta, np.linalg.solve(j.T @ j + damping * np.eye(SIZE), -gradient(theta))), state


def armijo(theta, d, g, part):
    for k in range(31):
        trial = theta + 0.5**k * d
        if loss(trial) <= loss(theta) + part * 0.5**k * (g @ d):
            return trial
    return theta


def newton(theta, state):
    h = 1e-5
    e = np.eye(SIZE)
    hessian = np.array([(gradient(theta + h * v) - gradient(theta - h * v)) / (2 * h) for v in e])
    g = gradient(theta)
    d = np.linalg.solve(0.5 * (hessian + hessian.T) + 0.1 * e, -g)
    return armijo(theta, d, g, 0.1), state


def trust_region(theta, radius):
    j, r = jacobian(residual, theta), residual(theta)
    gram, g = j.T @ j, j.T @ r
    solve = lambda damping, b: np.linalg.solve(gram + damping * np.eye(SIZE), -b)
    while True:
        low, high = 1e-20 * np.linalg.norm(gram, 2), np.linalg.norm(g) / radius
        if np.linalg.norm(solve(low, g)) > radius:
            for _ in range(200):
                middle = np.sqrt(low * high)
                low, high = (middle, high) if np.linalg.norm(solve(middle, g)) > radius else (low, middle)
        p = solve(low, g)
        h = 1e-4 / np.linalg.norm(p)
        bent = (jacobian(residual, theta + h * p) @ p - jacobian(residual, theta - h * p) @ p) / (2 * h)
        a = solve(low, 0.5 * j.T @ bent)
        trial = theta + p + a
        length = np.linalg.norm(p)
        if np.linalg.norm(a) > 0.375 * length or loss(trial) >= loss(theta):
            radius = 0.25 * min(length, radius)
            continue
        model = 0.5 * np.sum((r + j @ p) ** 2)
        gain = (loss(theta) - loss(trial)) / (loss(theta) - model)
        if gain < 0.25:
            radius = 0.25 * length
        elif gain > 0.75:
            radius = max(radius, 3 * length)
        return trial, radius


METHODS = {
    "engd(paper)": lstsq(lambda theta: jacobian(residual, theta)),
    "engd(line_search=grid, solver=svd)": damped_grid,
    "hngd(paper, metric=l2)": lstsq(sobolev(0)),
    "hngd(paper, metric=h1)": lstsq(sobolev(1)),
    "hngd(paper)": lstsq(sobolev(2)),
    "lm(radius=0.5)": trust_region,
    "lm(radius=0.5, solver=svd)": trust_region,
    "nncg(damping=0.1)": newton,
}

if __name__ == "__main__":
    found = {}
    for name, step in METHODS.items():
        theta, state, losses = START.copy(), 0.5, []
        for _ in range(STEPS):
            theta, state = step(theta, state)
            losses.append(loss(theta))
        found[name] = losses
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "second_order.json")
    with open(path, "w") as file:
        json.dump(found, file, indent=1)
        file.write("\n")
