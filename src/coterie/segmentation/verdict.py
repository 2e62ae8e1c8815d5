"""What may be said of a segmentation, in one word and in sentences for a marketer.

A convenient cut of a continuum is said aloud whatever the word: segments of it can be
good to work with, but their borders are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from coterie.segmentation.dip import Dip
from coterie.segmentation.stability import Stability
from coterie.segmentation.structure import Structure

Word = Literal["natural", "reproducible", "constructed"]

MIN_WEIGHTED, MIN_LEAST = 0.75, 0.6
SPIKE = 0.1
"""A feature that so many customers share one value of makes a dip by that alone."""

_OPENING: dict[Word, str] = {
    "natural": (
        "Natural: the groups are there in the data. There is empty space between most of "
        "them, and each half of the customers foretells the groups of the other half."
    ),
    "reproducible": (
        "Reproducible: other customers of yours would give much the same segments, but no "
        "empty space lies between them. Their borders are useful, not given."
    ),
    "constructed": (
        "Constructed: the segments are a way to cut your customers up, and other "
        "customers of yours would give other ones."
    ),
}
_STRUCTURED = "There is more structure than the margins and correlations explain."
_CONTINUUM = (
    "This is a convenient cut of a continuum: customers without any groups, but with the "
    "same values and correlations, can be cut as well."
)
_NOT_AS = (
    "Do not read the segments as kinds of people, and do not build on a single border: "
    "customers on both sides of it are alike."
)


@dataclass(frozen=True)
class Verdict:
    """One word and why.

    Parameters
    ----------
    word : {"natural", "reproducible", "constructed"}
        What the segments are.
    continuum : bool
        Whether they are a convenient cut of a continuum.
    sentences : tuple of str
        For a reader who knows no statistics; the first says what the word means.
    not_as : str
        How not to read the segments; empty unless they are constructed.
    """

    word: Word
    continuum: bool
    sentences: tuple[str, ...]
    not_as: str

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as plain JSON."""
        return {
            "verdict": self.word,
            "continuum": self.continuum,
            "sentences": list(self.sentences),
            "do_not_read_as": self.not_as,
        }


def verdict(structure: Structure, stability: Stability) -> Verdict:
    """Judge a segmentation.

    Parameters
    ----------
    structure : Structure
        What speaks for groups in the space that was segmented.
    stability : Stability
        How the segments come back when the whole pipeline is fitted again.

    Returns
    -------
    Verdict
        natural with prediction strength from .8, a gap above 3 and at least half of the
        segments set apart; else reproducible with S_w from .75 and S_min from .6; else
        constructed.

    References
    ----------
    Dolnicar & Leisch (2010), Evaluation of structure and reproducibility of cluster
    solutions using the bootstrap.

    Examples
    --------
    >>> from coterie.segmentation.stability import Returning
    >>> flat = Structure(strength=0.7, gap_z=0.4, dips=(), evenness=0.9, n=2_000)
    >>> steady = Stability(0.9, 0.8, (Returning(0.9, 0.8, 1.0),), 20)
    >>> found = verdict(flat, steady)
    >>> found.word, found.continuum
    ('reproducible', True)
    """
    word: Word = "constructed"
    if structure.natural:
        word = "natural"
    elif stability.weighted >= MIN_WEIGHTED and stability.least >= MIN_LEAST:
        word = "reproducible"
    continuum = not structure.more_than_correlation
    sentences = [_OPENING[word], _CONTINUUM if continuum else _STRUCTURED]
    if structure.dips:
        sentences.append(_apart(structure))
        sentences += _behind(structure.dips)
    return Verdict(word, continuum, tuple(sentences), _NOT_AS if word == "constructed" else "")


def stand_in(n_segments: int) -> Verdict:
    """Return what may be said of segments that were not found in the data at all.

    Parameters
    ----------
    n_segments : int
        Those of the fixed grid; 1 if all customers stay together.

    Examples
    --------
    >>> stand_in(1).sentences
    ('No stable groups were found in these columns, so all customers stay in one segment.',)
    """
    if n_segments < 2:
        said = "so all customers stay in one segment."
        return Verdict(
            "constructed", True, (f"No stable groups were found in these columns, {said}",), _NOT_AS
        )
    said = (
        "No stable groups were found in these columns. What you see is a fixed way to cut, "
        "not a discovery."
    )
    return Verdict("constructed", True, (said,), _NOT_AS)


def by_hand() -> Verdict:
    """Return what may be said of segments that the user wrote as rules.

    Examples
    --------
    >>> by_hand().word
    'constructed'
    """
    said = "Constructed: the segments are rules written by hand; no groups were looked for."
    return Verdict("constructed", True, (said,), _NOT_AS)


def _apart(structure: Structure) -> str:
    n, total = sum(found.apart for found in structure.dips), len(structure.dips)
    if n == 0:
        return "No segment is set apart from its nearest neighbour by fewer customers in between."
    return (
        f"{n} of {total} segments {'is' if n == 1 else 'are'} set apart from the nearest "
        "neighbour: fewer customers lie in between."
    )


def _behind(dips: tuple[Dip, ...]) -> list[str]:
    """Name the features behind the dips, each once, the commonest first."""
    behind: dict[str, list[Dip]] = {}
    for found in dips:
        if found.apart:
            behind.setdefault(found.feature, []).append(found)
    sentences = []
    total = sum(map(len, behind.values()))
    for feature, those in sorted(behind.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        spike = max(found.spike for found in those)
        which = f"{len(those)} of them" if len(those) > 1 else "one of them" if total > 1 else "it"
        said = f"What sets {which} apart is "
        said += f"mostly {feature}"
        if spike >= SPIKE:
            said += f", of which {spike:.0%} have the very same value: that alone makes a gap"
        sentences.append(f"{said}.")
    return sentences
