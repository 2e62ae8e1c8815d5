"""Whether every segment that is published is large enough to act on.

Segmentations that were asked for with a number of segments are kept even if a gate is
closed, so those are looked at too.
"""

from __future__ import annotations

from benchmarks.bench_choice import MASTER, ORIGINS, SAMPLE, SUMMER, choose
from benchmarks.bench_lenses import SHOPS, find
from benchmarks.figures import Outcome, at_most, figure

SEVEN = (("k", 7),)
TO_NINE = (("k", (2, 9)),)


@figure("Q24")
def large_enough() -> Outcome:
    """Count published segmentations with a segment too small to act on."""
    chosen = [(SUMMER, TO_NINE), *((trial, ()) for trial in (SAMPLE, MASTER, *ORIGINS))]
    wished = [(SUMMER, SEVEN), (SAMPLE, SEVEN)]
    found = [choose(trial, k).small for trial, k in (*chosen, *wished)]
    found += [find(seed).small for seed in SHOPS]
    return Outcome(
        f"every segment of the {len(found)} runs of Q1 to Q5 and Q26, two of them with k = 7 by "
        "wish, against the words of the contract, counted apart from the product",
        (at_most("runs with a segment too small", sum(n > 0 for n in found), 0),),
    )
