"""The choice of a segmentation: by P, under the gates, smallest first.

Candidates are every feature space × algorithm × number of segments. P is measured on the
past, the proofs are made on today's customers; the textbook indices never decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from coterie.errors import DataError, ParameterError
from coterie.features.threads import one_thread
from coterie.segmentation.base import MIN_FIDELITY, Algorithm, Floats, as_groups
from coterie.segmentation.candidates import Candidate, Evidence, Reference, Selection, Space
from coterie.segmentation.choosing import Asked, pick
from coterie.segmentation.ground import Plain
from coterie.segmentation.judges import Judge, judge, mean_of
from coterie.segmentation.parallel import each
from coterie.segmentation.proofs import Proven, Prover
from coterie.segmentation.search import N_BESIDE, Earlier, Search, Try, afford, list_tries
from coterie.segmentation.separation import CUTS
from coterie.segmentation.validity import Textbook, inertia, unsubstantial

N_SAMPLE = 50_000
"""Customers of the sweep; more change neither k nor inertia by what matters."""
AT_ONCE = 4
"""Candidates between two words about progress."""
_JUDGED, _TRIED = 0.3, 0.6
"""Shares of the search that usually go by before the first try, and before the proofs."""
ELBOW = range(1, 13)
MIN_USABLE, MIN_SEGMENTED, MIN_TIMELINE = 2, 50, 200
FEW_MAX_K = 5
"""Most segments with 50 to 199 customers."""

Progress = Callable[[float, str], None]


def select(
    spaces: Sequence[Space],
    references: Sequence[Reference],
    evidence: Evidence,
    ks: Sequence[int],
    *,
    search: Search | None = None,
    seed: int,
    on_progress: Progress | None = None,
) -> Selection:
    """Try every space, algorithm and number of segments, and choose.

    Parameters
    ----------
    spaces : sequence of Space
        At least one.
    references : sequence of Reference
        Shown beside; the first that has a model is returned if nothing passes.
    evidence : Evidence
        What decides. Under 200 customers its outcome in time is not used.
    ks : sequence of int
        Numbers of segments to try. A single one is the user's wish and is kept even if
        no gate opens; the note then says so.
    search : Search, optional
        Algorithms, ground of the proofs, an earlier window and the budget.
    seed : int
        Of samples, starts, folds, trees and bootstraps.
    on_progress : callable, optional
        Told the share done (0 to 1) and what is being tried.

    Returns
    -------
    Selection
        The same for the same input, at any number of threads.

    Raises
    ------
    DataError
        With fewer than 2 customers, or fewer than 200 and only more than 5 segments asked for.
    ParameterError
        If there is no space or no number of segments, or their rows differ.
    """
    n = _count(spaces, references, evidence, ks)
    if n < MIN_USABLE:
        raise DataError(f"{n} usable customers.", allowed="At least 2 are needed.")
    if n < MIN_SEGMENTED:
        note = f"Too few to segment ({n}): {MIN_SEGMENTED} customers are needed."
        return Selection(None, (), {}, "profile", note=note)
    if n < MIN_TIMELINE:
        evidence, ks = _for_few(evidence, ks, n)
    if n > N_SAMPLE:
        rows = np.sort(np.random.default_rng(seed).choice(n, N_SAMPLE, replace=False))
        spaces, references, evidence = _rows_of(rows, spaces, references, evidence)
    tell: Progress = on_progress or (lambda _share, _what: None)
    with one_thread():  # the same bytes whatever the machine
        return _select(
            spaces, references, evidence, sorted(set(ks)), search or Search(), seed, tell
        )


def judge_given(
    references: Sequence[Reference],
    evidence: Evidence,
    *,
    earlier: Earlier | None = None,
    seed: int,
) -> Selection:
    """Measure segmentations that are given; nothing is searched for and nothing chosen.

    Parameters
    ----------
    references : sequence of Reference
        What is to be measured.
    evidence : Evidence
        With an outcome.
    earlier : Earlier, optional
        A window before that of the evidence; P is then the mean of both.
    seed : int
        Of folds, trees and bootstraps.

    Returns
    -------
    Selection
        A candidate for each reference, in their order, and no winner.
    """
    with one_thread():
        benches = _benches((), references, evidence, earlier, seed)
        rule, found = benches[0].rule, tuple(_compare(references, benches))
    return Selection(None, found, rule.ceiling, rule.method, windows=len(benches))


def _select(
    spaces: Sequence[Space],
    references: Sequence[Reference],
    evidence: Evidence,
    ks: Sequence[int],
    search: Search,
    seed: int,
    tell: Progress,
) -> Selection:
    tell(0.0, "what can be told of single customers")
    tries = list_tries(spaces, search.algorithms, ks)
    cuts = CUTS if len(tries) > 1 else 1
    benches = _benches(spaces, references, evidence, search.earlier, seed, cuts)
    tries, cut = afford(tries, search.budget, windows=len(benches))
    candidates = _compare(references, benches)
    elbow: dict[str, dict[int, float]] = {}
    for space in spaces:
        textbook = Textbook(space.matrix, seed=seed)
        curve = elbow[space.name] = {1: inertia(space.matrix, np.zeros(len(space.matrix), int))}
        mine = [one for one in tries if one.space is space]
        for start in range(0, len(mine), AT_ONCE):
            some = mine[start : start + AT_ONCE]
            done = tries.index(some[0])
            share = _JUDGED + (_TRIED - _JUDGED) * done / len(tries)
            tell(share, f"{some[0].words}: {done + 1} of {len(tries)}")
            found = each(partial(_attempt, benches=benches, textbook=textbook, seed=seed), some)
            candidates += found
            for one, candidate in zip(some, found, strict=True):
                if one.algorithm is search.algorithms[0] and candidate.indices:
                    curve[one.k] = candidate.indices.inertia
    prover = search.prover or Prover(Plain(spaces), evidence.revenue, seed=seed)
    asked = _asked(prover, search, tell, static=benches[0].rule.method == "leave-one-out")
    tell(_TRIED, "are the groups there, and do they come back")
    choice = pick(candidates, asked, wish=ks[0] if len(ks) == 1 else None)
    if choice.winner and choice.winner.features in elbow:
        space = benches[0].spaces[choice.winner.features]
        curve = elbow[space.name]
        elbow[space.name] = _whole_elbow(space, search.algorithms[0], curve, seed)
    tell(1.0, "chosen")
    return replace(
        choice,
        ceiling=benches[0].rule.ceiling,
        method=benches[0].rule.method,
        elbow=elbow,
        windows=len(benches),
        cut=cut,
    )


def _asked(prover: Prover, search: Search, tell: Progress, *, static: bool) -> Asked:
    """Return who proves candidates; on a static table natural groups go first."""
    by = {algorithm.name: algorithm for algorithm in search.algorithms}
    proven = 0

    def what(candidate: Candidate) -> tuple[Algorithm, str, int]:
        return by[candidate.algorithm], candidate.features, candidate.asked

    def prove(candidate: Candidate) -> Proven:
        nonlocal proven
        proven += 1
        words = f"does it come back: {candidate.features}, {candidate.algorithm}, {candidate.k}"
        tell(1 - (1 - _TRIED) / (1 + proven / 4), words)
        return prover.prove(*what(candidate))

    natural = (lambda candidate: prover.natural(*what(candidate))) if static else None
    return Asked(prove, natural, search.weights)


@dataclass(frozen=True, eq=False)
class _Bench:
    """One window: the spaces as of its start, and who judges by it."""

    spaces: dict[str, Space]
    references: Sequence[Reference]
    revenue: Floats | None
    rule: Judge


def _benches(
    spaces: Sequence[Space],
    references: Sequence[Reference],
    evidence: Evidence,
    earlier: Earlier | None,
    seed: int,
    cuts: int = CUTS,
) -> list[_Bench]:
    """Return the last window and, if it has the same spaces, the one before."""
    cases = [(spaces, references, evidence)]
    names = {space.name for space in spaces}
    if earlier and evidence.window and names <= {space.name for space in earlier.spaces}:
        cases.append((earlier.spaces, earlier.references, earlier.evidence))
    benches = []
    for rooms, beside, told in cases:
        known = {space.name: (space.features or space.columns, space.matrix) for space in rooms}
        rule = judge(known, told.outcome, told.ceiling_features, told.window, seed=seed, cuts=cuts)
        benches.append(_Bench({s.name: s for s in rooms}, beside, told.revenue, rule))
    return benches


def _compare(references: Sequence[Reference], benches: Sequence[_Bench]) -> list[Candidate]:
    """Return the references as candidates, with P as the mean over the windows they are in."""
    found = []
    for reference in references:
        scores = [
            bench.rule.of_labels(other.labels)
            for bench in benches
            for other in bench.references
            if other.name == reference.name
        ]
        small = unsubstantial(reference.labels, benches[0].revenue)
        found.append(
            Candidate(
                reference.name,
                reference.features,
                len(np.unique(reference.labels)),
                mean_of(scores),
                None,
                substantial=not small,
                reference=True,
                model=reference.model,
                reason_lost="reference",
            )
        )
    return found


def _attempt(one: Try, benches: Sequence[_Bench], textbook: Textbook, seed: int) -> Candidate:
    """Fit and judge one candidate in every window; all but P is that of the last one."""
    scores, fitted = [], []
    for bench in benches:
        matrix = bench.spaces[one.space.name].matrix
        model = one.algorithm.fit(_some(matrix, one.rows, seed), one.k, seed=seed)
        labels = model.assign(matrix)
        groups = as_groups(labels)
        scores.append(bench.rule.of_fit(one.algorithm, one.space.name, one.k, groups, seed))
        fitted.append((model, labels))
    model, labels = fitted[0]
    past = benches[0].rule.method == "out-of-time"
    # In time, other customers than today's: theirs is looked at when it is proven.
    fails = "" if past else unsubstantial(labels, benches[0].revenue)
    if not fails and model.fidelity < MIN_FIDELITY:
        fails = f"places {model.fidelity:.0%} as the algorithm did, {MIN_FIDELITY:.0%} needed"
    return Candidate(
        one.algorithm.name,
        one.space.name,
        model.n_segments,
        mean_of(scores),
        textbook.indices(as_groups(labels)),
        not fails,
        model,
        reason_lost=fails,
        asked=one.k,
    )


def _some(matrix: Floats, n: int, seed: int) -> Floats:
    """Return at most ``n`` rows, drawn by the seed, in their order."""
    if len(matrix) <= n:
        return matrix
    return matrix[np.sort(np.random.default_rng(seed).choice(len(matrix), n, replace=False))]


def _whole_elbow(
    space: Space, algorithm: Algorithm, known: dict[int, float], seed: int
) -> dict[int, float]:
    """Add the numbers of segments that were not tried, so that the curve is whole.

    If hardly any was tried, the curve is that of some customers: it is only looked at.
    """
    more = [k for k in ELBOW if k not in known]
    hardly = len(more) > len(known)
    matrix = _some(space.matrix, N_BESIDE, seed) if hardly else space.matrix
    asked = sorted({*known, *more}) if len(matrix) < len(space.matrix) else more
    times = len(space.matrix) / len(matrix)

    def cost(k: int) -> float:
        if k == 1:
            return inertia(matrix, np.zeros(len(matrix), int)) * times
        labels = algorithm.fit(matrix, k, seed=seed).assign(matrix)
        return inertia(matrix, as_groups(labels)) * times

    whole = known | dict(zip(asked, each(cost, asked), strict=True))
    return dict(sorted(whole.items()))


def _count(
    spaces: Sequence[Space],
    references: Sequence[Reference],
    evidence: Evidence,
    ks: Sequence[int],
) -> int:
    """Check what came and return the number of customers."""
    if not spaces or not ks or min(ks) < 2:
        raise ParameterError("Give at least one space, and numbers of segments of 2 or more.")
    if len({space.name for space in spaces}) < len(spaces):
        raise ParameterError("Two spaces have the same name.")
    rows = [len(s.matrix) for s in spaces] + [len(r.labels) for r in references]
    rows += [len(v) for v in (evidence.outcome, evidence.revenue) if v is not None]
    rows.append(len(evidence.ceiling_features))
    if len(set(rows)) > 1:
        raise ParameterError(f"Spaces, references and evidence have {sorted(set(rows))} rows.")
    return rows[0]


def _for_few(evidence: Evidence, ks: Sequence[int], n: int) -> tuple[Evidence, Sequence[int]]:
    """Bring the choice down to what 50 to 199 customers can carry."""
    few = [k for k in ks if k <= FEW_MAX_K]
    if not few:
        raise DataError(
            f"{n} customers are too few for {min(ks)} segments.",
            allowed=f"With 50 to 199 customers k is at most {FEW_MAX_K}.",
            hint=f"Ask for fewer segments, or bring {MIN_TIMELINE} customers.",
        )
    return replace(evidence, outcome=None) if evidence.window else evidence, few


def _rows_of(
    rows: NDArray[np.int64],
    spaces: Sequence[Space],
    references: Sequence[Reference],
    evidence: Evidence,
) -> tuple[list[Space], list[Reference], Evidence]:
    return (
        [replace(space, matrix=space.matrix[rows]) for space in spaces],
        [replace(reference, labels=reference.labels[rows]) for reference in references],
        replace(
            evidence,
            outcome=None if evidence.outcome is None else evidence.outcome[rows],
            ceiling_features=evidence.ceiling_features[rows],
            revenue=None if evidence.revenue is None else evidence.revenue[rows],
        ),
    )
