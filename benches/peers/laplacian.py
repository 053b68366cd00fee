"""Residual of Poisson's equation in d dimensions, and the gradient of its loss, in JAX: the peer of `laplacian.rs`.

    python3 -m venv ~/jaxenv && ~/jaxenv/bin/pip install -r benches/peers/requirements.txt
    ~/jaxenv/bin/python benches/peers/laplacian.py --dimension 100 --widths 64 64 64 --points 1024

The formulations: jvp of grad along each axis, all at once or one after the other; second-order jets along each axis by
jax.experimental.jet, likewise; and the rules of the forward Laplacian (arXiv 2307.08214) written out by hand for this
network, which is what a person gets who does the work of the compiler. Every one is compiled; the time is the smallest of
the runs. With --threads 1 XLA gets one thread.
"""

import argparse
import os
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dimension", type=int, default=100)
    parser.add_argument("--widths", type=int, nargs="+", default=[64, 64, 64])
    parser.add_argument("--points", type=int, default=1024)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--chunk", type=int, default=0, help="points at a time; 0 tries several and reports the best")
    return parser.parse_args()


options = arguments()
if options.threads == 1:
    # Before JAX is imported: XLA takes its threads from the set of cores that it may run on.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import jet

jax.config.update("jax_enable_x64", True)


def parameters(sizes, key=0):
    generator = np.random.default_rng(key)
    layer = lambda m, k: (jnp.array(generator.normal(size=(m, k)) / np.sqrt(k)), jnp.array(generator.normal(size=m)))
    return [layer(m, k) for k, m in zip(sizes[:-1], sizes[1:])]


def network(theta, x):
    for weights, bias in theta[:-1]:
        x = jnp.tanh(weights @ x + bias)
    weights, bias = theta[-1]
    return (weights @ x + bias)[0]


def jvp_of_grad(theta, x):
    slope = jax.grad(lambda x: network(theta, x))
    along = lambda e: jnp.vdot(e, jax.jvp(slope, (x,), (e,))[1])
    return jnp.sum(jax.vmap(along)(jnp.eye(x.size)))


def jvp_of_grad_in_turn(theta, x):
    slope, linear = jax.linearize(jax.grad(lambda x: network(theta, x)), x)
    along = lambda sum, e: (sum + jnp.vdot(e, linear(e)), None)
    return jax.lax.scan(along, 0.0, jnp.eye(x.size))[0]


def taylor(theta, x):
    def along(e):
        _, (_, second) = jet.jet(lambda x: network(theta, x), (x,), ((e, jnp.zeros_like(x)),))
        return second

    return jnp.sum(jax.vmap(along)(jnp.eye(x.size)))


def by_hand(theta, x):
    slopes, laplacian = jnp.eye(x.size), jnp.zeros_like(x)
    for weights, bias in theta[:-1]:
        x, slopes, laplacian = weights @ x + bias, weights @ slopes, weights @ laplacian
        x = jnp.tanh(x)
        first = 1 - x * x
        laplacian = first * laplacian - 2 * x * first * jnp.sum(slopes * slopes, axis=1)
        slopes = first[:, None] * slopes
    return (theta[-1][0] @ laplacian)[0]


FORMULATIONS = {
    "jvp of grad, all axes at once": jvp_of_grad,
    "jvp of grad, axis by axis": jvp_of_grad_in_turn,
    "jax.experimental.jet": taylor,
    "forward Laplacian by hand": by_hand,
}


def gradient_in_chunks(laplacian, chunk):
    """The gradient, chunk by chunk of points: what stays in the caches, without a second forward sweep."""

    def part(theta, points):
        residual = lambda x: -laplacian(theta, x) - 1.0
        return 0.5 * jnp.sum(jax.vmap(residual)(points) ** 2)

    def step(sum, points, theta):
        value, slope = jax.value_and_grad(part)(theta, points)
        return jax.tree.map(jnp.add, sum, (value, slope)), None

    def whole(theta, points):
        zero = (jnp.zeros(()), jax.tree.map(jnp.zeros_like, theta))
        chunks = points.reshape(-1, chunk, points.shape[1])
        sums, _ = jax.lax.scan(lambda sum, points: step(sum, points, theta), zero, chunks)
        return jax.tree.map(lambda sum: sum / points.shape[0], sums)

    return jax.jit(whole)


def best_time(f, *operands):
    jax.block_until_ready(f(*operands))
    times = []
    for _ in range(options.runs):
        start = time.perf_counter()
        jax.block_until_ready(f(*operands))
        times.append(time.perf_counter() - start)
    return min(times)


def main():
    sizes = [options.dimension, *options.widths, 1]
    theta = parameters(sizes)
    points = jnp.array(np.random.default_rng(1).uniform(-1, 1, size=(options.points, options.dimension)))
    chunks = [options.chunk] if options.chunk else [c for c in (16, 64, 256, 1024) if c <= options.points]
    print(f"JAX {jax.__version__}, d = {options.dimension}, widths {options.widths}, {options.points} points")
    reference = None
    for name, laplacian in FORMULATIONS.items():
        best = None
        for chunk in chunks:
            f = gradient_in_chunks(laplacian, chunk)
            value, _ = f(theta, points)
            reference = float(value) if reference is None else reference
            assert abs(float(value) - reference) < 1e-9 * abs(reference), (name, float(value), reference)
            taken = best_time(f, theta, points)
            if best is None or taken < best[0]:
                best = (taken, chunk)
        taken, chunk = best
        per_point = taken / options.points * 1e6
        print(f"{name:32} {taken * 1e3:10.2f} ms {per_point:10.2f} us a point, {chunk} points at a time")


main()
