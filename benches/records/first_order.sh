#!/bin/sh
# Every method of first order on every problem here, one seed each: first_order.sh [PDEC]. Results: runs/*/latest/result.json.
cd "$(dirname "$0")" || exit 1
pdec=${1:-pdec}
[ -e ref/kdv.csv ] || python3 references.py || exit 1
for problem in burgers_first_order allen_cahn_first_order kdv_first_order; do
    for method in adam soap shampoo pdeaware 'pdeaware(variance=all)' 'pdeaware(variant=paper)'; do
        options="steps=10000, batch=1024"
        case $method in
            *\)) stage="${method%\)}, $options)" ;;
            *) stage="$method($options)" ;;
        esac
        echo "$problem $stage"
        "$pdec" train "$problem.pde" --seed 0 --optimizer "$stage" --log-every 1000 || exit 1
    done
done
