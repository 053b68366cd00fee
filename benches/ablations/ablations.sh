#!/bin/sh
# What the papers leave open, one question at a time: ablations.sh QUESTION [PDEC]. Each prints its table, of which
# docs/ablations.md has most. Runs are kept: the same question again makes only what is missing.
cd "$(dirname "$0")" || exit 1
question=$1 pdec=${2:-pdec} budget=''
engd='engd(paper, steps=300), engd(steps=300)'
first='adam(steps=5000), soap(steps=5000), pdeaware(steps=5000)'

# bench FILE METHODS SEEDS [SETTING ...]: runs of one question have a folder of their own.
bench() {
    file=$1 methods=$2 seeds=$3
    shift 3
    for setting in "$@"; do set -- "$@" --set "$setting"; shift; done
    mkdir -p "$question" && cp -ru ../records/*.pde ../records/ref ./*.pde "$question/" || exit 1
    (cd "$question" && "$pdec" bench optimizers $file $budget --methods "$methods" --seeds "$seeds" --log-every 10 "$@" >/dev/null) || exit 1
}

case $question in
failures) # of 100 seeds, from three kinds of first weights
    for start in spread glorot normal; do
        bench poisson2d_paper.pde "$engd, engd(steps=300, starts=4)" 0..99 "network=mlp(32, init=$start)"
    done ;;
line_search) # steps along the same direction
    bench poisson2d_paper.pde "$engd, engd(steps=300, solver=lstsq), engd(steps=300, line_search=grid),
        engd(steps=300, line_search=backtracking), engd(steps=300, acceleration=off), lm(steps=300)" 0..9 ;;
activation) # in energies, which need first derivatives only
    for function in tanh sin sigmoid softplus gelu swish relu; do
        bench nonlinear_ritz.pde 'engd(steps=300), adam(steps=10000)' 0..4 "network=mlp(32, act=$function)"
    done ;;
tenfold) # ten times the neurons, the points, both; ten times the waves
    for change in 'network=mlp(32)' 'network=mlp(320)'; do
        bench tenfold.pde 'engd(steps=300)' 0 "$change"
        bench tenfold.pde 'engd(steps=300)' 0 "$change" 'sample.interior=grid(91, 91)' 'sample.boundary=grid(91)'
    done
    bench tenfold.pde 'engd(steps=300)' 0 'k=10' 'network=mlp(320)' 'sample.interior=grid(91, 91)' 'sample.boundary=grid(91)' ;;
coercive) # conditions in L2, and with tangential derivatives of several weights
    for weight in 1e-9 1e-3 1e-2 1e-1 1; do bench coercive.pde "$engd, hngd(paper, steps=300), hngd(steps=300)" 0..9 "h=$weight"; done ;;
deep) # ten hidden layers
    bench deep.pde "$first, engd(steps=100)" 0..1 ;;
boundary_layer)
    for eps in 0.1 0.02 0.005; do bench boundary_layer.pde "$first, engd(steps=500)" 0..2 "eps=$eps"; done ;;
tournaments) # several starts in the time of one, over pdes/
    budget='--budget 5s'
    bench '../../../pdes/*.pde' 'engd(steps=100000), engd(steps=100000, starts=4)' 0 ;;
batch) # how many points the second moment of `pdeaware` is over, and which
    bench burgers_first_order.pde "pdeaware(steps=3000, batch=64), pdeaware(steps=3000, batch=256), pdeaware(steps=3000, batch=1024),
        pdeaware(steps=3000, batch=64, variance=all), pdeaware(steps=3000, batch=256, variance=all),
        pdeaware(steps=3000, batch=1024, variance=all), adam(steps=3000, batch=1024)" 0..2 ;;
*)
    echo "usage: $0 failures|line_search|activation|tenfold|coercive|deep|boundary_layer|tournaments|batch [PDEC]" >&2
    exit 2 ;;
esac
"$pdec" compare "$question"/runs/optimizers/*/[0-9]* --md
