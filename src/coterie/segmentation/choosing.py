"""The rule of choice put to the candidates, and why each of the others lost, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from coterie.segmentation.candidates import Candidate, Selection
from coterie.segmentation.gates import (
    TOLERANCE,
    Entry,
    Proof,
    choose,
    choose_weighted,
)
from coterie.segmentation.parallel import each
from coterie.segmentation.proofs import FAILED, Proven
from coterie.segmentation.wishes import Weights, lost_by_weights

GATES_OF = {"strict": "", "relaxed": "Only the relaxed gates opened: the segments come back less."}


@dataclass(frozen=True)
class Asked:
    """Who answers what the gates ask.

    Parameters
    ----------
    prove : callable
        Given a candidate, its proof; asked at most once for each.
    natural : callable, optional
        Given a candidate, whether its groups are natural; for static tables alone.
    weights : Weights, optional
        Of the criteria, given by the user; natural groups then do not go first.
    """

    prove: Callable[[Candidate], Proven]
    natural: Callable[[Candidate], bool] | None = None
    weights: Weights | None = None


def pick(candidates: Sequence[Candidate], asked: Asked, *, wish: int | None) -> Selection:
    """Choose among candidates by METHODS' rule.

    Parameters
    ----------
    candidates : sequence of Candidate
        References are never chosen but in need.
    asked : Asked
        Who proves them.
    wish : int or None
        The number of segments that the user asked for; it is kept whatever the gates say.

    Returns
    -------
    Selection
        With a reason for every loser; the note says so if a gate did not open.
    """
    own = [i for i, candidate in enumerate(candidates) if not candidate.reference]
    seen = list(candidates)

    def prove(place: int) -> Proof:
        i = own[place]
        found = asked.prove(seen[i])
        seen[i] = with_proof(seen[i], found)
        return found.proof

    large = [place for place, i in enumerate(own) if seen[i].substantial]
    found_natural: dict[int, bool] = {}
    weights = asked.weights
    # Asked of all of them anyway, and side by side it is faster.
    if asked.natural is not None and weights is None:
        told = each(asked.natural, [seen[own[place]] for place in large])
        found_natural = dict(zip(large, told, strict=True))

    # Above 1 segments beat a model of each single customer: by luck, which decides nothing.
    entries = [_entry(seen[i]) for i in own]
    natural = found_natural.__getitem__ if asked.natural else None
    if weights is None:
        found = choose(entries, prove, natural=natural)
    else:
        found = choose_weighted(entries, prove, weights)
    if found.index is not None:
        winner = own[found.index]
        others = (
            {own[place] for place in large if not found_natural[place]} if found.natural else set()
        )
        chosen = _told(seen, winner, unnatural=others, weights=weights)
        note = GATES_OF.get(found.level, "")
        return replace(chosen, level=found.level, natural=found.natural, note=note, weights=weights)
    return replace(_in_need(seen, own, wish), weights=weights)


def _entry(candidate: Candidate) -> Entry:
    silhouette = candidate.indices.silhouette if candidate.indices else None
    return Entry(candidate.k, min(candidate.worth, 1.0), candidate.substantial, silhouette)


def with_proof(candidate: Candidate, found: Proven) -> Candidate:
    """Return the candidate with what its proof found."""
    told, back = found.told, found.back
    return replace(
        candidate,
        s_w=back.weighted if back else None,
        s_min=back.least if back else None,
        d=told.accuracy if told else None,
        fails=found.why_not,
        substantial=candidate.substantial and not found.fails,
    )


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
        Chosen by the same rule among the others that were proven.
    """
    candidates = []
    for candidate in selection.candidates:
        if candidate is selection.winner:
            candidates.append(replace(candidate, substantial=False, reason_lost=reason))
        elif candidate.substantial and not candidate.reference:
            candidates.append(replace(candidate, reason_lost=""))
        else:
            candidates.append(candidate)
    left = pick(candidates, Asked(_known, weights=selection.weights), wish=None)
    return replace(
        left,
        ceiling=selection.ceiling,
        method=selection.method,
        elbow=selection.elbow,
        windows=selection.windows,
        cut=selection.cut,
    )


def _known(candidate: Candidate) -> Proven:
    """Return the proof that a candidate already has; without one it does not pass."""
    if candidate.s_w is None or candidate.s_min is None or candidate.d is None:
        return Proven(FAILED, fails=candidate.fails)
    return Proven(Proof(candidate.s_w, candidate.s_min, candidate.d), fails=candidate.fails)


def _in_need(candidates: Sequence[Candidate], own: Sequence[int], wish: int | None) -> Selection:
    """Choose where no gate opens: the wish, or what is shown instead of segments found."""
    large = [i for i in own if candidates[i].substantial]
    best = max(large or own, key=lambda i: candidates[i].worth)
    draft = candidates[best]
    if wish is not None and not large:
        fails = draft.reason_lost or draft.fails
        note = f"{wish} segments were asked for; {fails} is too small to build on."
        return replace(_told(candidates, best), note=note, constructed=True)
    if wish is not None:
        asked_for = f"{wish} segments were asked for and are kept, but a gate does not open: "
        return replace(_told(candidates, best), note=f"{asked_for}{draft.fails}.")
    grid = next((i for i, c in enumerate(candidates) if c.reference and c.model is not None), None)
    instead = "the RFM grid stands in" if grid is not None else "all customers stay in one segment"
    if large:
        note = f"No segmentation tried passes the gates, so {instead}. The best one {draft.fails}."
    else:
        note = f"Every segmentation tried has a segment that is too small, so {instead}."
    told = _told(candidates, grid)
    return replace(told, draft=told.candidates[best], note=note, constructed=True)


def _told(
    candidates: Sequence[Candidate],
    winner: int | None,
    *,
    unnatural: set[int] | None = None,
    weights: Weights | None = None,
) -> Selection:
    told = list(candidates)
    for i, candidate in enumerate(candidates):
        if i == winner:
            told[i] = replace(candidate, reason_lost="")
        else:
            best = None if winner is None else candidates[winner]
            if best and weights and not (candidate.reason_lost or candidate.fails):
                means = [_weighed(one, weights) for one in (candidate, best)]
                reason = lost_by_weights(means[0], means[1][0])
            else:
                reason = _reason(candidate, best, apart=i not in (unnatural or set()))
            told[i] = replace(candidate, reason_lost=reason)
    return Selection(None if winner is None else told[winner], tuple(told), {}, "profile")


def _weighed(candidate: Candidate, weights: Weights) -> tuple[float, bool]:
    """Return what weights give a candidate, and whether all they ask for is known."""
    asked = {"stability": candidate.s_w, "describability": candidate.d}
    told = {name: found for name, found in asked.items() if found is not None}
    entry = _entry(candidate)
    mean = weights.mean(value=entry.p, silhouette=entry.silhouette, **told)
    return mean, weights.given.keys() & asked.keys() <= told.keys()


def _reason(loser: Candidate, winner: Candidate | None, *, apart: bool) -> str:
    if loser.reason_lost or loser.fails:
        return loser.reason_lost or loser.fails
    if not apart:
        return "its groups are less clearly there than those of the chosen one"
    if winner is None:
        return ""
    less = min(winner.worth, 1.0) - min(loser.worth, 1.0)
    if less > 0 and (less > TOLERANCE or loser.k == winner.k):
        ours, theirs = 100 * loser.worth, 100 * winner.worth
        digits = 0 if round(ours) < round(theirs) else 1
        return f"holds less: {ours:.{digits}f} against {theirs:.{digits}f}"
    return "more segments for the same" if loser.k > winner.k else "holds no more"
