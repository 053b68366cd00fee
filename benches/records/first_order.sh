#!/bin/sh
# Every method of first order on every problem of arXiv 2507.08118: first_order.sh [PDEC [SEEDS]]. The table at the end has the
# medians of the alignment scores.
cd "$(dirname "$0")" || exit 1
pdec=${1:-pdec}
[ -e ref/kdv.csv ] || python3 references.py || exit 1
for seed in ${2:-0}; do
    for problem in burgers_first_order allen_cahn_first_order kdv_first_order; do
        for method in adam soap shampoo pdeaware 'pdeaware(variance=all)' 'pdeaware(variant=paper)'; do
            options="steps=10000, batch=1024"
            case $method in
                *\)) stage="${method%\)}, $options)" ;;
                *) stage="$method($options)" ;;
            esac
            echo "$problem $stage seed $seed"
            "$pdec" train "$problem.pde" --seed "$seed" --optimizer "$stage" --log alignment --log-every 500 --quiet || exit 1
        done
    done
done
"$pdec" compare runs/*_first_order/[0-9]* --md
