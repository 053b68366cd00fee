"""Steps of Adam on Burgers' equation in PyTorch, as its users write them: the second peer of `step.rs`.

    ~/torchenv/bin/python benches/peers/torch_adam.py --precision f64

The network and the points of `first_order.py`; derivatives by `torch.autograd.grad`, one inside the other.
"""

import argparse
import math
import statistics
import time

import torch

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--precision", choices=["f32", "f64"], default="f64")
parser.add_argument("--steps", type=int, default=100)
parser.add_argument("--threads", type=int, default=2)
options = parser.parse_args()

torch.set_num_threads(options.threads)
torch.set_default_dtype({"f32": torch.float32, "f64": torch.float64}[options.precision])
torch.manual_seed(0)

NU = 0.01 / math.pi
WARM_UP = 10


def network():
    sizes, parts = [2, 64, 64, 64], []
    for inputs, outputs in zip(sizes[:-1], sizes[1:]):
        parts += [torch.nn.Linear(inputs, outputs), torch.nn.Tanh()]
    return torch.nn.Sequential(*parts, torch.nn.Linear(64, 1))


def points():
    t, x = torch.rand(1024, 1, requires_grad=True), (2 * torch.rand(1024, 1) - 1).requires_grad_()
    ends = [torch.cat([torch.rand(256, 1), torch.full((256, 1), end)], 1) for end in (-1.0, 1.0)]
    places = 2 * torch.rand(256, 1) - 1
    edge = torch.cat([*ends, torch.cat([torch.zeros(256, 1), places], 1)])
    return t, x, edge, torch.cat([torch.zeros(512, 1), -torch.sin(math.pi * places)])


def main():
    u_of, (t, x, edge, given) = network(), points()
    adam = torch.optim.Adam(u_of.parameters(), lr=1e-3)

    def step():
        u = u_of(torch.cat([t, x], 1))
        u_t, u_x = torch.autograd.grad(u, (t, x), torch.ones_like(u), create_graph=True)
        (u_xx,) = torch.autograd.grad(u_x, x, torch.ones_like(u), create_graph=True)
        residual = u_t + u * u_x - NU * u_xx
        adam.zero_grad()
        (0.5 * residual.square().mean() + 0.5 * (u_of(edge) - given).square().mean()).backward()
        adam.step()

    times = []
    for number in range(WARM_UP + options.steps):
        begun = time.perf_counter()
        step()
        if number >= WARM_UP:
            times.append(time.perf_counter() - begun)
    print(f"adam, {options.precision}\tPyTorch\t{1e3 * statistics.median(times):.3f}")


main()
