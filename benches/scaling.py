#!/usr/bin/env python3
"""Time of a step and peak of memory, along one size: benches/scaling.py n|p|depth|dimension|threads|methods

Trains a few steps of Poisson's equation in the unit cube by `target/release/pdec` (built before, or named by $PDEC), and prints a
table in Markdown: the time of a step (median of all but the first), the peak that `pdec show` predicts, and the one that was measured.
"""

import json
import os
import subprocess
import statistics
import sys
import tempfile

PDEC = os.path.abspath(os.environ.get("PDEC", "target/release/pdec"))
STEPS = {"engd": 4, "adam": 12}


class Case:
    """A problem, by default with some 2000 points in the square and a network with some 1000 parameters."""

    def __init__(self, widths=(30, 30), interior=2000, boundary=400, axes=2, method="engd", threads=2, options=""):
        self.widths, self.interior, self.boundary, self.axes = widths, interior, boundary, axes
        self.method, self.threads, self.options = method, threads, options

    def parameters(self):
        sizes = [self.axes, *self.widths, 1]
        return sum((i + 1) * o for i, o in zip(sizes[:-1], sizes[1:]))

    def text(self):
        names = [f"x{axis}" for axis in range(1, self.axes + 1)]
        product = "*".join(f"sin(pi*{x})" for x in names)
        options = ", ".join(filter(None, [f"steps={STEPS.get(self.method, 3)}", self.options]))
        return f"""problem poisson
domain {", ".join(f"{x} in [0, 1]" for x in names)}
unknown u
eq -lap(u) = {self.axes}*pi^2*{product}
bc u = 0 on boundary
network mlp({", ".join(map(str, self.widths))})
sample interior: uniform({self.interior})
sample boundary: uniform({self.boundary})
train {self.method}({options})
"""

    def measured(self):
        """Milliseconds a step, and the peak in MB: predicted, measured."""
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "poisson.pde"), "w") as file:
                file.write(self.text())
            call = lambda *rest: subprocess.run(
                [PDEC, *rest, "--threads", str(self.threads)], cwd=folder, check=True, capture_output=True, text=True
            ).stdout
            sections = json.loads(call("show", "poisson.pde", "--json"))["sections"]
            predicted = next(section["rows"][0][1] for section in sections if section["title"] == "memory")
            call("train", "poisson.pde", "-q")
            run = os.path.join(folder, "runs", "poisson", "latest")
            with open(os.path.join(run, "log.jsonl")) as file:
                seconds = [json.loads(line)["time"] for line in file]
            with open(os.path.join(run, "result.json")) as file:
                peak = json.load(file)["peak_bytes"] / 1e6
        step = statistics.median(after - before for before, after in zip(seconds, seconds[1:]))
        return 1e3 * step, float(predicted), peak


def both(**sizes):
    return [Case(method=method, **sizes) for method in STEPS]


def curves(of):
    """The name of the size, and its values, each with one case a method."""
    named = {
        "n": ("points inside", [(n, both(interior=n)) for n in (500, 1000, 2000, 4000, 8000, 16000)]),
        "p": ("width", [(w, both(widths=(w, w))) for w in (8, 16, 24, 32, 48, 64)]),
        "depth": ("hidden layers", [(depth, both(widths=(24,) * depth)) for depth in (1, 2, 3, 4, 6, 8)]),
        "dimension": ("axes", [(d, both(axes=d, widths=(32, 32))) for d in (1, 2, 3, 5, 10, 20)]),
        "threads": ("threads", [(t, both(threads=t, widths=(40, 40))) for t in threads()]),
    }
    return named[of]


def threads():
    """Powers of two up to the cores of this machine."""
    return [1 << i for i in range((os.cpu_count() or 1).bit_length())]


METHODS = [
    Case((30, 30), 2500),
    Case((52, 52), 5400),
    Case((40, 40), 900),
    Case((30, 30), 2500, options="solver=qr"),
    Case((30, 30), 2500, options="solver=svd"),
    Case((52, 52), 5400, options="solver=cg"),
    Case((64, 64, 48, 48), 2500, method="engdw"),
    Case((256, 256, 128, 128), 3000, 500, method="engdw"),
    Case((30, 30), 2500, method="lm"),
    Case((52, 52), 5400, method="dsgnar"),
    Case((64, 64, 64), 2500, method="kfac"),
    Case((64, 64, 64), 2500, method="nncg"),
    Case((52, 52), 2500, method="ssbroyden"),
    Case((64, 64, 64), 2500, method="lbfgs"),
    Case((64, 64, 64), 2500, method="soap"),
    Case((64, 64, 64), 100_000, 4000, method="adam"),
]


def print_curve(of):
    name, values = curves(of)
    heads = " | ".join(f"`{method}`, ms | MB, predicted | MB" for method in STEPS)
    print(f"| {name} | P | {heads} |\n|" + "---:|" * (2 + 3 * len(STEPS)))
    for value, cases in values:
        figures = [f"{step:.3g} | {predicted:g} | {peak:.3g}" for step, predicted, peak in (c.measured() for c in cases)]
        print(f"| {value} | {cases[0].parameters()} | {' | '.join(figures)} |", flush=True)


def print_methods():
    print("| method | network | points inside | P | ms | MB, predicted | MB |\n|---|---|" + "---:|" * 5)
    for case in METHODS:
        step, predicted, peak = case.measured()
        method = f"`{case.method}({case.options})`" if case.options else f"`{case.method}`"
        sizes = f"{'-'.join(map(str, case.widths))} | {case.interior} | {case.parameters()}"
        print(f"| {method} | {sizes} | {step:.3g} | {predicted:g} | {peak:.3g} |", flush=True)


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in ("n", "p", "depth", "dimension", "threads", "methods"):
        sys.exit(__doc__)
    print_methods() if sys.argv[1] == "methods" else print_curve(sys.argv[1])


main()
