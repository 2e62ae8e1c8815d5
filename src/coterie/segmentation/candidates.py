"""What a selection is given and what it gives: spaces, evidence, candidates and the choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from coterie.segmentation.base import Floats, Labels, Model
from coterie.segmentation.gates import Level
from coterie.segmentation.judges import Method
from coterie.segmentation.separation import Score
from coterie.segmentation.validity import Indices
from coterie.segmentation.wishes import Weights


@dataclass(frozen=True, eq=False)
class Space:
    """One set of features of the customers, ready to cluster.

    Parameters
    ----------
    name : str
        What the set is called in the list of candidates.
    columns : tuple of str
        Names of the matrix columns.
    matrix : float64 array, shape (n, n_columns)
        Finite values; the same customers in the same order in every space.
    features : tuple of str, optional
        Feature that each column is made from, where one feature makes several columns
        (a category's indicators); default the columns themselves.
    """

    name: str
    columns: tuple[str, ...]
    matrix: Floats
    features: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Reference:
    """A segmentation shown for comparison, such as the RFM grid; chosen only in need."""

    name: str
    features: str
    labels: Labels
    model: Model | None = None


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the candidates are judged by; rows as in the spaces.

    Parameters
    ----------
    outcome : float64 array, shape (n,) or (n, n_outcomes), or None
        With ``window`` the net spend in it; without, a static outcome, several columns
        for a category's indicators. None: leave one feature out.
    ceiling_features : float64 array, shape (n, n_features)
        What a model of single customers may use; never the outcome.
    revenue : float64 array, shape (n,), or None
        What each customer spent before the window, for the gate of substance.
    window : (int, int) or None
        First day and day after the last of the outcome.
    """

    outcome: Floats | None
    ceiling_features: Floats
    revenue: Floats | None = None
    window: tuple[int, int] | None = None


@dataclass(frozen=True)
class Candidate:
    """One segmentation that was tried, and why it was not chosen.

    ``p`` is None when nothing can be foretold or the rule cannot say; ``indices`` is
    None for references. ``model`` is fitted on the sample as of the evidence's date;
    the chosen one is to be fitted again on today's customers. ``s_w``, ``s_min`` and
    ``d`` are what the gates asked for, None where they did not ask; ``fails`` says which
    gate it does not pass. ``asked`` is the number of segments that was asked for.
    """

    algorithm: str
    features: str
    k: int
    p: Score | None
    indices: Indices | None
    substantial: bool
    model: Model | None
    reference: bool = False
    reason_lost: str = ""
    asked: int = 0
    s_w: float | None = None
    s_min: float | None = None
    d: float | None = None
    fails: str = ""

    @property
    def worth(self) -> float:
        """P, or 0 where nothing can be foretold."""
        return self.p.p if self.p else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the candidate as one flat row; what is not known is None."""
        p, indices = self.p, self.indices
        return {
            "algorithm": self.algorithm,
            "features": self.features,
            "k": self.k,
            "p": p.p if p else None,
            "p_low": p.low if p else None,
            "p_high": p.high if p else None,
            "s_w": self.s_w,
            "s_min": self.s_min,
            "d": self.d,
            "silhouette": indices.silhouette if indices else None,
            "db": indices.davies_bouldin if indices else None,
            "ch": indices.calinski_harabasz if indices else None,
            "inertia": indices.inertia if indices else None,
            "substantial": self.substantial,
            "reference": self.reference,
            "reason_lost": self.reason_lost,
        }


@dataclass(frozen=True)
class Selection:
    """The chosen segmentation and how the choice was made.

    Parameters
    ----------
    winner : Candidate or None
        None means that all customers stay in one segment.
    candidates : tuple of Candidate
        All that were tried, the winner included, in the order of trying.
    ceiling : dict
        What a model of single customers reaches, by part of P.
    method : str
        How P was measured; "profile" if there are too few customers to segment.
    draft : Candidate or None
        Without a winner, the best that failed, to be shown as a draft.
    note : str
        What the reader must know of the choice, in words; may be empty.
    constructed : bool
        True if nothing passed the gates of substance, or what stands in was not found in
        the data.
    level : {"strict", "relaxed", "none"}
        Which gates the winner passed.
    natural : bool
        Whether it was chosen for being natural.
    windows : int
        Windows that P is the mean over.
    cut : tuple of str
        What the budget left out, in words.
    elbow : dict
        Inertia by number of segments for each space; from 1 to 12 for the winner's.
    weights : Weights or None
        Of the criteria, if the user gave them.
    """

    winner: Candidate | None
    candidates: tuple[Candidate, ...]
    ceiling: dict[str, float]
    method: Method
    draft: Candidate | None = None
    note: str = ""
    constructed: bool = False
    elbow: dict[str, dict[int, float]] | None = None
    level: Level = "none"
    natural: bool = False
    windows: int = 1
    cut: tuple[str, ...] = ()
    weights: Weights | None = None

    def summary(self, note: str = "") -> dict[str, Any]:
        """Return how the choice was made as plain JSON, with a further note."""
        used = self.winner.features if self.winner else ""
        weighed = {"weights": self.weights.given} if self.weights else {}
        return {
            "method": self.method,
            "verdict": "constructed" if self.constructed else None,
            "gates": self.level,
            "windows": self.windows,
            "cut": list(self.cut),
            "note": " ".join(said for said in (self.note, note) if said),
            "ceiling": self.ceiling,
            "elbow": [[k, value] for k, value in sorted((self.elbow or {}).get(used, {}).items())],
            **weighed,
        }
