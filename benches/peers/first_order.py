"""Steps of methods of first order on Burgers' equation, in JAX: the peer of `step.rs`.

    python3 -m venv ~/jaxenv && ~/jaxenv/bin/pip install -r benches/peers/requirements.txt
    ~/jaxenv/bin/python benches/peers/first_order.py --method soap --precision f64

A network 2-64-64-64-1 at 1024 points inside and 768 at the ends and the beginning. Derivatives are carried through all points at
once (value, both slopes, and the second along x), not taken one inside the other. Ten steps are one compiled call, whose state
is given away to it. The methods: `adam`; `soap` (arXiv 2409.11321, one power iteration and QR of all bases in ten steps); and
`pdeaware` (arXiv 2507.08118), whose mean squares over the points are sums of products of matrices, for each pair of channels one:
the derivatives point by point are never made.
"""

import argparse
import os
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", choices=["adam", "soap", "pdeaware"], default="adam")
    parser.add_argument("--precision", choices=["f32", "f64"], default="f64")
    parser.add_argument("--calls", type=int, default=20, help="of ten steps each")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


options = arguments()
if options.threads == 1:
    # Before JAX is imported: XLA takes its threads from the set of cores that it may run on.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", options.precision == "f64")

SIZES = [2, 64, 64, 64, 1]
NU = 0.01 / np.pi
STEPS = 10
RATE = 1e-3
DTYPE = {"f32": "float32", "f64": "float64"}[options.precision]
EPSILON = 1e-8


def affine(jets, layer):
    """`W a` of all channels in one product, and the bias of the value."""
    weights, biases = layer
    channels, points, width = jets.shape
    out = (jets.reshape(channels * points, width) @ weights.T).reshape(channels, points, -1)
    return out.at[0].add(biases)


def first_layer(x, layer):
    """The slopes of the inputs are 1 or 0, and their second derivatives 0."""
    weights, biases = layer
    slopes = [jnp.broadcast_to(weights[:, axis], (len(x), len(weights))) for axis in range(2)]
    return jnp.stack([x @ weights.T + biases, *slopes, jnp.zeros_like(slopes[0])])


def tanh(z):
    """Of u, u_t, u_x, u_xx."""
    a = jnp.tanh(z[0])
    s = 1 - a * a
    return jnp.stack([a, s * z[1], s * z[2], s * (z[3] - 2 * a * z[2] ** 2)])


def equation(network, x, taps=None):
    """The residual, and the jets that enter the layers behind the first; `taps` are added to what leaves each layer."""
    tap = (lambda number, z: z) if taps is None else (lambda number, z: z + taps[number])
    z, entered = tap(0, first_layer(x, network[0])), []
    for number, layer in enumerate(network[1:], 1):
        entered.append(tanh(z))
        z = tap(number, affine(entered[-1], layer))
    u, u_t, u_x, u_xx = z[..., 0]
    return u_t + u * u_x - NU * u_xx, entered


def values(network, x):
    for weights, biases in network[:-1]:
        x = jnp.tanh(x @ weights.T + biases)
    return (x @ network[-1][0].T + network[-1][1])[:, 0]


def loss(network, points):
    x, edge, given = points
    return 0.5 * jnp.mean(equation(network, x)[0] ** 2) + 0.5 * jnp.mean((values(network, edge) - given) ** 2)


def mixed(keep, mean, new):
    return jax.tree.map(lambda m, g: keep * m + (1 - keep) * g, mean, new)


def moved(network, first, second, keeps, count):
    """Adam's step."""
    one, two = (1 - keep**count for keep in keeps)
    return jax.tree.map(lambda w, m, v: w - RATE * (m / one) / (jnp.sqrt(v / two) + EPSILON), network, first, second)


def adam(state, points, _):
    network, first, second, count = state
    gradient, count = jax.grad(loss)(network, points), count + 1
    first = mixed(0.9, first, gradient)
    second = mixed(0.999, second, jax.tree.map(jnp.square, gradient))
    return moved(network, first, second, (0.9, 0.999), count), first, second, count


def mean_squares(network, x):
    """Of the derivatives of the residual in each parameter, over the points."""
    taps = [jnp.zeros((4, len(x), width), x.dtype) for width in SIZES[1:]]

    def total(taps):
        residual, entered = equation(network, x, taps)
        return residual.sum(), entered

    cotangents, entered = jax.grad(total, has_aux=True)(taps)
    ones, zeros = jnp.ones_like(x[:, :1]), jnp.zeros_like(x[:, :1])
    inputs = jnp.stack([x, jnp.concatenate([ones, zeros], 1), jnp.concatenate([zeros, ones], 1), jnp.zeros_like(x)])
    squares = []
    for z, a in zip(cotangents, [inputs, *entered]):
        # The square of sum_k z_k a_k, summed over points.
        pairs = [(i, j) for i in range(4) for j in range(i + 1)]
        of = lambda i, j: (z[i] * z[j]).T @ (a[i] * a[j]) * (1 if i == j else 2)
        squares.append((sum(of(i, j) for i, j in pairs) / len(x), jnp.mean(z[0] ** 2, 0)))
    return squares


def pdeaware(state, points, _):
    network, first, second, count = state
    first = mixed(0.99, first, jax.grad(loss)(network, points))
    second = mixed(0.99, second, mean_squares(network, points[0]))
    step = lambda w, m, v: w - RATE * m / (jnp.sqrt(v) + EPSILON)
    return jax.tree.map(step, network, first, second), first, second, count + 1


def soap(state, points, refresh):
    """State: network, first and second moments, and for each matrix of weights its covariances and bases."""
    network, first, second, sides, count = state
    gradient, count = jax.grad(loss)(network, points), count + 1
    first = mixed(0.95, first, gradient)
    one, two = 1 - 0.95**count, 1 - 0.95**count
    stepped, seconds, kept = [], [], []
    for (w, b), (gw, gb), (mw, mb), (vw, vb), (left, right, q, p) in zip(network, gradient, first, second, sides):
        left, right = 0.95 * left + 0.05 * gw @ gw.T, 0.95 * right + 0.05 * gw.T @ gw
        turned = q.T @ gw @ p
        vw, vb = 0.95 * vw + 0.05 * turned * turned, 0.95 * vb + 0.05 * gb * gb
        step = q @ ((q.T @ mw @ p / one) / (jnp.sqrt(vw / two) + EPSILON)) @ p.T
        stepped.append((w - RATE * step, b - RATE * (mb / one) / (jnp.sqrt(vb / two) + EPSILON)))
        if refresh:
            q, p = jnp.linalg.qr(left @ q)[0], jnp.linalg.qr(right @ p)[0]
        seconds.append((vw, vb))
        kept.append((left, right, q, p))
    return stepped, first, seconds, kept, count


def ten_steps(state, points):
    one = {"adam": adam, "soap": soap, "pdeaware": pdeaware}[options.method]
    state = jax.lax.scan(lambda state, _: (one(state, points, False), None), state, None, length=STEPS - 1)[0]
    return one(state, points, True)


def start(generator):
    draw = lambda i, o: generator.normal(size=(o, i)) * (2 / (i + o)) ** 0.5
    network = [(draw(i, o), np.zeros(o)) for i, o in zip(SIZES[:-1], SIZES[1:])]
    zeros = lambda: jax.tree.map(np.zeros_like, network)
    bases = [(np.zeros((o, o)), np.zeros((i, i)), np.eye(o), np.eye(i)) for i, o in zip(SIZES[:-1], SIZES[1:])]
    state = (network, zeros(), zeros(), *([bases] if options.method == "soap" else []), 0.0)
    return jax.tree.map(lambda part: jnp.asarray(part, DTYPE), state)


def points(generator):
    inside = np.stack([generator.random(1024), 2 * generator.random(1024) - 1], 1)
    times, places = generator.random((2, 256)), 2 * generator.random(256) - 1
    ends = [np.stack([t, np.full(256, end)], 1) for t, end in zip(times, (-1.0, 1.0))]
    edge = np.concatenate([*ends, np.stack([np.zeros(256), places], 1)])
    given = np.where(edge[:, 0] == 0, -np.sin(np.pi * edge[:, 1]), 0)
    return [jnp.asarray(part, DTYPE) for part in (inside, edge, given)]


def main():
    generator = np.random.default_rng(0)
    given, state = points(generator), start(generator)
    compiled = jax.jit(ten_steps, donate_argnums=0)
    state = jax.block_until_ready(compiled(state, given))
    times = []
    for _ in range(options.calls):
        begun = time.perf_counter()
        state = jax.block_until_ready(compiled(state, given))
        times.append((time.perf_counter() - begun) / STEPS)
    print(f"{options.method}, {options.precision}\tJAX\t{1e3 * np.median(times):.3f}")


main()
