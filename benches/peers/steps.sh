#!/bin/sh
# Whole steps of training beside those of other systems, in turn, three times:
#
#     benches/peers/steps.sh natural|first_order [VENV]
#
# natural: methods of natural gradients on Poisson's equation, beside JAX; first_order: Adam, SOAP and the PDE-aware optimizer on
# Burgers' equation in both precisions, beside JAX, and Adam beside PyTorch. The virtual environment is made where there is none.
# Prints a table of medians and ratios; every single time goes to standard error. Nothing else should run on the machine.
cd "$(dirname "$0")/../.." || exit 1
set=$1
environment=${2:-target/peers}
case $set in natural | first_order) ;; *) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2 ;; esac
if [ ! -x "$environment/bin/python" ]; then python3 -m venv "$environment" || exit 1; fi
needed=benches/peers/requirements.txt
if [ "$set" = first_order ]; then needed="$needed -r benches/peers/requirements_torch.txt"; fi
# shellcheck disable=SC2086 # several words
"$environment/bin/pip" install -qr $needed || exit 1
cargo bench --bench step --no-run || exit 1

peer() {
    script=$1
    shift
    "$environment/bin/python" "benches/peers/$script" "$@" || exit 1
}

# pdec NAME BENCH: the middle one of the three times that criterion prints, in ms.
pdec() {
    cargo bench -q --bench step -- --quick "$2" 2>/dev/null | awk -v name="$1" '
        BEGIN { scale["ns"] = 1e-6; scale["µs"] = 1e-3; scale["ms"] = 1; scale["s"] = 1e3 }
        /time:/ { sub(/.*\[/, ""); printf "%s\tpdec\t%g\n", name, $3 * scale[$4]; found = 1 }
        END { exit !found }' || exit 1
}

natural() {
    peer steps.py --method engd --widths 32 --rows 28 29
    pdec 'engd P 129 N 900' 'P 129 N 900/engd step of one trial'
    peer steps.py --method paper --widths 32 --rows 28 29
    pdec 'paper P 129 N 900' 'P 129 N 900/published step'
    peer steps.py --method engd --widths 64 --rows 28 54
    pdec 'engd P 257 N 1000' 'P 257 N 1000/engd step of one trial'
    peer steps.py --method engd --widths 30 30 --rows 52 49
    pdec 'engd P 1051 N 2900' 'P 1051 N 2900/engd step of one trial'
    peer steps.py --method engd --widths 52 52 --rows 74 81 --steps 5
    pdec 'engd P 2965 N 5800' 'P 2965 N 5800/engd step of one trial'
    peer steps.py --method engdw --widths 64 64 48 48 --rows 50 100 --steps 5
    pdec 'engdw P 9873 N 2900' 'P 9873 N 2900/engdw step'
    peer steps.py --method layers --widths 256 256 128 128 --rows 55 119 --steps 2
    pdec 'layers P 116097 N 3501' 'P 116097 N 3500/engdw step'
}

first_order() {
    for method in adam soap pdeaware; do
        for precision in f32 f64; do
            peer first_order.py --method "$method" --precision "$precision"
            if [ "$method" = adam ]; then peer torch_adam.py --precision "$precision"; fi
            pdec "$method, $precision" "Burgers/$method step, $precision"
        done
    done
}

for _ in 1 2 3; do
    $set || exit 1
done | tee /dev/stderr | "$environment/bin/python" benches/peers/table.py
