"""Steps of natural gradient methods on Poisson's equation in the unit square, in JAX: the peer of `step.rs`.

    python3 -m venv ~/jaxenv && ~/jaxenv/bin/pip install -r benches/peers/requirements.txt
    ~/jaxenv/bin/python benches/peers/steps.py --widths 32 --rows 28 29 --method engd

A step is one compiled call in double precision. Derivatives are carried by the rules of the forward Laplacian (arXiv
2307.08214) through all points at once, and the rows of the Jacobian are outer products of what enters a layer and of the
cotangents of what leaves it, so that nothing is mapped point by point. The methods: `engd` (Gram matrix, Cholesky, geodesic
acceleration, one trial loss), `paper` (least squares on the Gram matrix, 31 trial losses: arXiv 2302.13163), `engdw` (the
kernel matrix through the Jacobian, Cholesky, one trial loss: arXiv 2505.12149) and `layers` (the same with a kernel matrix that is
made layer by layer, for networks whose Jacobian is large).
"""

import argparse
import os
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", choices=["engd", "paper", "engdw", "layers"], default="engd")
    parser.add_argument("--widths", type=int, nargs="+", default=[32])
    parser.add_argument("--rows", type=int, nargs=2, default=[28, 29], help="points along an axis, and on a face")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


options = arguments()
if options.threads == 1:
    # Before JAX is imported: XLA takes its threads from the set of cores that it may run on.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)

SIZES = [2, *options.widths, 1]


def layers(theta):
    start = 0
    for inputs, outputs in zip(SIZES[:-1], SIZES[1:]):
        weights = theta[start : start + inputs * outputs].reshape(outputs, inputs)
        start += inputs * outputs
        yield weights, theta[start : start + outputs]
        start += outputs


def sweep(theta, x, taps, laplacian):
    """u, or its Laplacian, at the points; what enters each layer. Channels: value, and slopes and Laplacian if wanted."""
    entered, jets = [], None
    for number, (weights, biases) in enumerate(layers(theta)):
        if number == 0:
            value = x @ weights.T + biases
            slopes = [jnp.broadcast_to(weights[:, axis], value.shape) for axis in range(2)]
            z = jnp.stack([value, *slopes, jnp.zeros_like(value)]) if laplacian else value[None]
        else:
            channels, points, width = jets.shape
            z = (jets.reshape(channels * points, width) @ weights.T).reshape(channels, points, -1)
            z = z.at[0].add(biases)
        entered.append(jets)
        z = z + taps[number]
        if number == len(SIZES) - 2:
            return z[-1][:, 0], entered
        a = jnp.tanh(z[0])
        s = 1 - a * a
        jets = jnp.stack([a, s * z[1], s * z[2], s * (z[3] - 2 * a * (z[1] ** 2 + z[2] ** 2))]) if laplacian else a[None]


def no_taps(points, channels):
    return [jnp.zeros((channels, points, width)) for width in SIZES[1:]]


def block(theta, data, taps):
    x, scale, source, laplacian = data
    value, entered = sweep(theta, x, taps, laplacian)
    return scale * (-value - source if laplacian else value), entered


def residual(theta, inside, outside):
    parts = [(*inside, True), (*outside, False)]
    return jnp.concatenate([block(theta, data, no_taps(len(data[0]), 4 if data[3] else 1))[0] for data in parts])


def linearized(theta, inside, outside):
    values, rows = [], []
    for data in [(*inside, True), (*outside, False)]:
        taps = no_taps(len(data[0]), 4 if data[3] else 1)

        def total(taps):
            r, entered = block(theta, data, taps)
            return r.sum(), (r, entered)

        cotangents, (r, entered) = jax.grad(total, has_aux=True)(taps)
        columns = []
        for number, (c, jets) in enumerate(zip(cotangents, entered)):
            if number == 0:
                outer = c[0][:, :, None] * data[0][:, None, :]
                outer = outer + jnp.stack([c[1], c[2]], -1) if data[3] else outer
            else:
                outer = sum(c[k][:, :, None] * jets[k][:, None, :] for k in range(c.shape[0]))
            columns += [outer.reshape(len(r), -1), c[0]]
        values.append(r)
        rows.append(jnp.concatenate(columns, 1))
    return jnp.concatenate(values), jnp.concatenate(rows)


def kernel_matrix(theta, inside, outside):
    """r and K = J J^T layer by layer, without J: products of what enters a layer times products of cotangents."""
    parts = []
    for data in [(*inside, True), (*outside, False)]:
        taps = no_taps(len(data[0]), 4 if data[3] else 1)

        def total(taps):
            r, entered = block(theta, data, taps)
            return r.sum(), (r, entered)

        cotangents, (r, entered) = jax.grad(total, has_aux=True)(taps)
        x = data[0]
        if data[3]:
            ones = [jnp.broadcast_to(jnp.eye(2)[axis], x.shape) for axis in range(2)]
            entered[0] = jnp.stack([x, *ones, jnp.zeros_like(x)])
        else:
            entered[0] = x[None]
        parts.append((r, cotangents, entered))

    def part(own, others):
        sums = 0.0
        flat = lambda jets: jets.reshape(-1, jets.shape[2])
        for z, a, other_z, other_a in zip(own[1], own[2], others[1], others[2]):
            # All pairs of channels in one product each: XLA is slow in many small ones.
            products = (flat(z) @ flat(other_z).T) * (flat(a) @ flat(other_a).T)
            sums = sums + products.reshape(z.shape[:2] + other_z.shape[:2]).sum((0, 2)) + z[0] @ other_z[0].T
        return sums

    corner = part(parts[1], parts[0])
    matrix = jnp.block([[part(parts[0], parts[0]), corner.T], [corner, part(parts[1], parts[1])]])
    return jnp.concatenate([r for r, _, _ in parts]), matrix


def solved(matrix, damping, *sides):
    factor = jax.scipy.linalg.cho_factor(matrix + damping * jnp.eye(len(matrix)), lower=True)
    return [jax.scipy.linalg.cho_solve(factor, side) for side in sides], factor


def step_by_layers(theta, damping, inside, outside):
    r, matrix = kernel_matrix(theta, inside, outside)
    (alpha,), _ = solved(matrix, damping, r)
    moved = theta - jax.vjp(lambda theta: residual(theta, inside, outside), theta)[1](alpha)[0]
    return moved, 0.5 * jnp.sum(residual(moved, inside, outside) ** 2)


def step(theta, damping, inside, outside):
    if options.method == "layers":
        return step_by_layers(theta, damping, inside, outside)
    r, rows = linearized(theta, inside, outside)
    loss = lambda theta: 0.5 * jnp.sum(residual(theta, inside, outside) ** 2)
    if options.method == "paper":
        direction = jnp.linalg.lstsq(rows.T @ rows, rows.T @ r)[0]
        lengths = 0.5 ** jnp.arange(31.0)
        losses = jax.vmap(lambda length: loss(theta - length * direction))(lengths)
        best = jnp.argmin(losses)
        return theta - lengths[best] * direction, losses[best]
    if options.method == "engdw":
        (alpha,), _ = solved(rows @ rows.T, damping, r)
        direction = -rows.T @ alpha
    else:
        (direction,), factor = solved(rows.T @ rows, damping, -rows.T @ r)
        along = lambda theta: jax.jvp(lambda t: residual(t, inside, outside), (theta,), (direction,))[1]
        bend = jax.jvp(along, (theta,), (direction,))[1]
        direction = direction - 0.5 * jax.scipy.linalg.cho_solve(factor, rows.T @ bend)
    moved = theta + direction
    return moved, loss(moved)


def points():
    n, on_face = options.rows
    nodes = lambda count: (np.polynomial.legendre.leggauss(count)[0] + 1) / 2
    inner, face = nodes(n), nodes(on_face)
    x = np.stack(np.meshgrid(inner, inner, indexing="ij"), -1).reshape(-1, 2)
    ends = [np.stack([np.full_like(face, end), face], -1) for end in (0.0, 1.0)]
    edge = np.concatenate([*ends, *[side[:, ::-1] for side in ends]])
    source = 2 * np.pi**2 * np.sin(np.pi * x[:, 0]) * np.sin(np.pi * x[:, 1])
    scale = lambda count: np.full(count, count**-0.5)
    parts = (x, scale(len(x)), source), (edge, 2 * scale(len(edge)), np.zeros(len(edge)))
    return jax.tree.map(jnp.asarray, parts)


def main():
    generator = np.random.default_rng(0)
    drawn = [generator.normal(size=(o, i + 1)) / i**0.5 for i, o in zip(SIZES[:-1], SIZES[1:])]
    theta = jnp.concatenate([part.ravel() for w in drawn for part in (w[:, :-1], w[:, -1])])
    inside, outside = points()
    compiled = jax.jit(step)
    jax.block_until_ready(compiled(theta, 1e-2, inside, outside))
    times = []
    for _ in range(options.steps):
        begun = time.perf_counter()
        jax.block_until_ready(compiled(theta, 1e-2, inside, outside))
        times.append(time.perf_counter() - begun)
    count = len(inside[0]) + len(outside[0])
    print(f"{options.method} P {len(theta)} N {count}\tJAX\t{1e3 * np.median(times):.3f}")

main()
