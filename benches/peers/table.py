"""Medians, ratios and their spread of steps that were timed in turn.

Reads lines `STEP <tab> WHO <tab> MILLISECONDS`, one round after the other, and prints a table in Markdown: for each step and peer the
median of both sides, and how many times as long the peer takes, round by round (least .. median .. largest).
"""

import statistics
import sys
from collections import defaultdict

OURS = "pdec"


def main():
    times = defaultdict(lambda: defaultdict(list))
    for line in sys.stdin:
        step, who, milliseconds = line.rstrip("\n").split("\t")
        times[step][who].append(float(milliseconds))
    print("| step | peer | peer, ms | pdec, ms | ratio |\n|---|---|---:|---:|---|")
    for step, sides in times.items():
        ours = sides.pop(OURS)
        for who, theirs in sides.items():
            ratios = sorted(peer / own for peer, own in zip(theirs, ours, strict=True))
            spread = f"{ratios[0]:.2f} .. **{statistics.median(ratios):.2f}** .. {ratios[-1]:.2f}"
            print(f"| {step} | {who} | {statistics.median(theirs):.3g} | {statistics.median(ours):.3g} | {spread} |")


main()
