#!/bin/sh
# The problems with published records, each with its file's budget: records.sh [PDEC]. Ten seeds for those of a minute or less,
# three for the others. `pdec compare` makes the table of what is in runs/.
cd "$(dirname "$0")" || exit 1
pdec=${1:-pdec}
[ -e ref/kdv.csv ] || python3 references.py || exit 1
train() {
    for seed in $1; do "$pdec" train "$2" --seed "$seed" --quiet || exit 1; done
}
ten='0 1 2 3 4 5 6 7 8 9'
for problem in poisson2d_paper poisson2d nonlinear_ritz wave poisson5d; do train "$ten" $problem.pde; done
for problem in helmholtz burgers allen_cahn kdv; do train '0 1 2' $problem.pde; done
train 0 harmonic10d.pde
"$pdec" compare runs/*/[0-9]* --md
