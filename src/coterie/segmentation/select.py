"""The choice of a segmentation: by P, under the gate of substance, smallest first.

Candidates are every feature space × algorithm × number of segments. Within .02 of the
best P the fewest segments win; the textbook indices are shown and never decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from coterie.errors import DataError, ParameterError
from coterie.segmentation.base import MIN_FIDELITY, Algorithm, as_groups
from coterie.segmentation.candidates import Candidate, Evidence, Reference, Selection, Space
from coterie.segmentation.centroids import KMeans
from coterie.segmentation.judges import Judge, judge
from coterie.segmentation.parallel import each
from coterie.segmentation.validity import Textbook, inertia, unsubstantial

N_SAMPLE = 50_000
"""Customers of the sweep; more change neither k nor inertia by what matters."""
TOLERANCE = 0.02
"""P of two segmentations that differ by less counts as the same."""
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
    algorithms: Sequence[Algorithm] = (KMeans(),),
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
        a segment has no substance; the note then says so.
    algorithms : sequence of Algorithm, optional
        Default k-means alone.
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
    with threadpool_limits(1):  # the same bytes whatever the machine
        return _select(spaces, references, evidence, sorted(set(ks)), algorithms, seed, tell)


def _select(
    spaces: Sequence[Space],
    references: Sequence[Reference],
    evidence: Evidence,
    ks: Sequence[int],
    algorithms: Sequence[Algorithm],
    seed: int,
    tell: Progress,
) -> Selection:
    tries = _tries(spaces, algorithms, ks)
    tell(0.0, "what can be told of single customers")
    named = {space.name: (space.features or space.columns, space.matrix) for space in spaces}
    rule = judge(named, evidence.outcome, evidence.ceiling_features, evidence.window, seed=seed)
    candidates = [_reference(reference, rule, evidence) for reference in references]
    elbow: dict[str, dict[int, float]] = {}
    for done, (space, algorithm, k) in enumerate(tries, start=1):
        tell(done / (1 + len(tries)), f"{space.name}, {algorithm.name}, k = {k}")
        if space.name not in elbow:
            textbook = Textbook(space.matrix, seed=seed)
            elbow[space.name] = {1: inertia(space.matrix, np.zeros(len(space.matrix), np.int32))}
        model = algorithm.fit(space.matrix, k, seed=seed)
        labels = model.assign(space.matrix)
        groups = as_groups(labels)
        p = rule.of_fit(algorithm, space.name, k, groups, seed)
        indices = textbook.indices(groups)
        if algorithm is algorithms[0]:
            elbow[space.name][k] = indices.inertia
        fails = unsubstantial(labels, evidence.revenue)
        if not fails and model.fidelity < MIN_FIDELITY:
            fails = f"places {model.fidelity:.0%} as the algorithm did, {MIN_FIDELITY:.0%} needed"
        name, found_k = algorithm.name, model.n_segments
        found = Candidate(
            name, space.name, found_k, p, indices, not fails, model, reason_lost=fails
        )
        candidates.append(found)
    choice = _choose(candidates, wish=ks[0] if len(ks) == 1 else None)
    if choice.winner and choice.winner.features in elbow:
        space = next(space for space in spaces if space.name == choice.winner.features)
        elbow[space.name] = _whole_elbow(space, algorithms[0], elbow[space.name], seed)
    tell(1.0, "chosen")
    return replace(choice, ceiling=rule.ceiling, method=rule.method, elbow=elbow)


def pass_over(selection: Selection, reason: str) -> Selection:
    """Return the choice that is left when the winner will not do after all.

    Parameters
    ----------
    selection : Selection
        With a winner.
    reason : str
        Why the winner will not do; it becomes its reason for losing.

    Returns
    -------
    Selection
        Chosen by the same rule among the others.
    """
    candidates = []
    for candidate in selection.candidates:
        if candidate is selection.winner:
            candidates.append(replace(candidate, substantial=False, reason_lost=reason))
        elif candidate.substantial and not candidate.reference:
            candidates.append(replace(candidate, reason_lost=""))
        else:
            candidates.append(candidate)
    left = _choose(candidates, wish=None)
    return replace(left, ceiling=selection.ceiling, method=selection.method, elbow=selection.elbow)


def _whole_elbow(
    space: Space, algorithm: Algorithm, known: dict[int, float], seed: int
) -> dict[int, float]:
    """Add the numbers of segments that were not tried, so that the curve is whole."""

    def cost(k: int) -> float:
        labels = algorithm.fit(space.matrix, k, seed=seed).assign(space.matrix)
        return inertia(space.matrix, as_groups(labels))

    more = [k for k in ELBOW if k not in known]
    whole = known | dict(zip(more, each(cost, more), strict=True))
    return dict(sorted(whole.items()))


def _tries(
    spaces: Sequence[Space], algorithms: Sequence[Algorithm], ks: Sequence[int]
) -> list[tuple[Space, Algorithm, int]]:
    """List what to try; no space is asked for more segments than it has distinct customers."""
    distinct = {space.name: len(np.unique(space.matrix, axis=0)) for space in spaces}
    most = max(distinct.values())
    if most < max(2, ks[0]):
        raise DataError(
            f"The features tell only {most} kind{'' if most == 1 else 's'} of customers apart.",
            allowed=f"{ks[0]} segments need {ks[0]} or more.",
            hint="Add features that vary, or ask for fewer segments.",
        )
    return [
        (space, algorithm, k)
        for space in spaces
        for algorithm in algorithms
        for k in (ks if algorithm.traits.takes_k else ks[-1:])
        if k <= distinct[space.name] or not algorithm.traits.takes_k
    ]


def _reference(reference: Reference, rule: Judge, evidence: Evidence) -> Candidate:
    return Candidate(
        reference.name,
        reference.features,
        len(np.unique(reference.labels)),
        rule.of_labels(reference.labels),
        None,
        substantial=not unsubstantial(reference.labels, evidence.revenue),
        reference=True,
        model=reference.model,
        reason_lost="reference",
    )


def _choose(candidates: Sequence[Candidate], *, wish: int | None) -> Selection:
    own = [c for c in candidates if not c.reference]
    passing = [c for c in own if c.substantial]
    best = max(own, key=_worth)
    if passing:
        enough = max(map(_worth, passing)) - TOLERANCE
        near = [c for c in passing if _worth(c) >= enough]
        winner = min(near, key=lambda c: (c.k, -_worth(c)))
        return _selection(winner, candidates)
    if wish is not None:
        note = f"{wish} segments were asked for; {best.reason_lost} is too small to build on."
        return replace(_selection(best, candidates), note=note, constructed=True)
    grid = next((c for c in candidates if c.reference and c.model is not None), None)
    instead = "the RFM grid stands in" if grid else "all customers stay in one segment"
    note = f"Every segmentation tried has a segment that is too small, so {instead}."
    return replace(_selection(grid, candidates), draft=best, note=note, constructed=True)


def _selection(winner: Candidate | None, candidates: Sequence[Candidate]) -> Selection:
    told, chosen = [], None
    for candidate in candidates:
        if candidate is winner:
            chosen = replace(candidate, reason_lost="")
            told.append(chosen)
        else:
            told.append(replace(candidate, reason_lost=_reason(candidate, winner)))
    return Selection(chosen, tuple(told), {}, "profile")


def _reason(loser: Candidate, winner: Candidate | None) -> str:
    if loser.reason_lost or winner is None:
        return loser.reason_lost
    less = _worth(winner) - _worth(loser)
    if less > 0 and (less > TOLERANCE or loser.k == winner.k):
        ours, theirs = 100 * _worth(loser), 100 * _worth(winner)
        digits = 0 if round(ours) < round(theirs) else 1
        return f"holds less: {ours:.{digits}f} against {theirs:.{digits}f}"
    return "more segments for the same" if loser.k > winner.k else "holds no more"


def _worth(candidate: Candidate) -> float:
    return candidate.p.p if candidate.p else 0.0


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
