#!/bin/sh
# Steps of natural gradient methods on Poisson's equation, JAX and pdec in turn, three times: benches/peers/steps.sh [VENV].
# The virtual environment is made where there is none. pdec's figures are the middle one of the three that criterion prints.
cd "$(dirname "$0")/../.." || exit 1
environment=${1:-target/jaxenv}
if [ ! -x "$environment/bin/python" ]; then
    python3 -m venv "$environment" && "$environment/bin/pip" install -qr benches/peers/requirements.txt || exit 1
fi
cargo bench --bench step --no-run || exit 1
jax() { "$environment/bin/python" benches/peers/steps.py "$@" || exit 1; }
pdec() { cargo bench -q --bench step -- --quick "$1" 2>/dev/null | grep time: || exit 1; }
for _ in 1 2 3; do
    jax --method engd --widths 32 --rows 28 29
    jax --method paper --widths 32 --rows 28 29
    pdec 'P 129 N 900/.* step'
    jax --method engd --widths 64 --rows 28 54
    pdec 'P 257 N 1000/engd step'
    jax --method engd --widths 30 30 --rows 52 49
    pdec 'P 1051 N 2900/engd step'
    jax --method engd --widths 52 52 --rows 74 81 --steps 5
    pdec 'P 2965 N 5800/engd step'
    jax --method engdw --widths 64 64 48 48 --rows 50 100 --steps 5
    pdec 'P 9873 N 2900/engdw step'
done
