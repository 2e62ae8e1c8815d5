"""What an algorithm and its fitted model must be able to do, whatever the method.

A model's labels are ``assign(training)``, never a label list kept from the fit, so
a customer gets the same segment whether seen in training or a year later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from coterie import plugins
from coterie.errors import ParameterError
from coterie.schema import Params
from coterie.segmentation.wishes import MAX_K, Rule, Weights, check_rules

Floats = NDArray[np.float64]
Labels = NDArray[np.int32]

GROUP = "coterie.algorithms"
"""Entry point group under which a package brings an algorithm: a class without arguments."""
BUILT_IN = {
    "kmeans": "coterie.segmentation.centroids:KMeans",
    "bisecting-kmeans": "coterie.segmentation.bisecting:BisectingKMeans",
    "gaussian-mixture": "coterie.segmentation.mixtures:GaussianMixture",
    "latent-class": "coterie.segmentation.latent:LatentClass",
    "ward": "coterie.segmentation.hierarchy:Ward",
    "agglomerative": "coterie.segmentation.hierarchy:Agglomerative",
    "dbscan": "coterie.segmentation.density:DBSCAN",
    "hdbscan": "coterie.segmentation.density:HDBSCAN",
    "spectral": "coterie.segmentation.graph:Spectral",
    "som": "coterie.segmentation.maps:SelfOrganisingMap",
    "tree": "coterie.segmentation.tree:DistilledTree",
}
"""Where each algorithm of ours lies; loaded when it is named."""
ALONE = "tree"
"""Algorithm that tells customer value, so that its columns are not those of the others."""
BY_HAND = "rules"
"""Algorithm of segments that the user writes; it finds nothing, so it is not listed above."""
NOISE = -1
"""Label of a customer who is in no segment: outside every dense region."""
MIN_FIDELITY = 0.9
"""Least agreement of a model with its algorithm's own labels to be chosen."""


def as_groups(labels: Labels) -> Labels:
    """Return labels in which whoever is in no segment forms one more group, the last.

    For what judges a partition of all customers, such as P: to leave the difficult ones
    out would flatter a segmentation that places few.

    Examples
    --------
    >>> as_groups(np.array([0, NOISE, 1], np.int32)).tolist()
    [0, 2, 1]
    """
    groups = np.where(labels == NOISE, labels.max(initial=NOISE) + 1, labels)
    return groups.astype(np.int32)


class Placement(NamedTuple):
    """Where each customer stands: her segment, the runner-up and how clear the choice is.

    A customer in no segment has segment ``NOISE``, the nearest as runner-up and margin 0.
    """

    segment: Labels
    second: Labels
    margin: Floats
    """0 on the border of two segments, 1 at the centre of one; shape (n,)."""


@dataclass(frozen=True)
class Traits:
    """What to know of an algorithm before choosing it.

    Parameters
    ----------
    suits : str
        Which customers it is for, in a few words.
    soft : bool
        Whether its models tell a chance for every segment.
    sql : bool
        Whether its models are written as SQL.
    noise : bool
        Whether customers can be in no segment.
    takes_k : bool
        Whether it finds as many segments as it is asked for; else ``k`` is only the most.
    extra : str
        The extra of Coterie it needs; empty if none.
    """

    suits: str
    soft: bool = False
    sql: bool = False
    noise: bool = False
    takes_k: bool = True
    extra: str = ""


class Model(Protocol):
    """A fitted segmentation: places any customer, known or new."""

    kind: ClassVar[str]
    """Name under which the class is found again to read what ``to_dict`` wrote."""

    @property
    def n_segments(self) -> int:
        """Number of segments, numbered from 0."""
        ...

    @property
    def fidelity(self) -> float:
        """Share of the fitted rows (by weight) that ``assign`` gives their label of the fit."""
        ...

    def distances(self, matrix: Floats) -> Floats:
        """Return the cost of each segment for each row, shape (n, n_segments); least wins."""
        ...

    def assign(self, matrix: Floats) -> Labels:
        """Return the segment of each row, or ``NOISE``; ties go to the lower number."""
        ...

    def place(self, matrix: Floats) -> Placement:
        """Return segment, runner-up and margin of each row."""
        ...

    def sql(self, columns: Sequence[str]) -> str:
        """Return an SQL expression for ``assign`` over matrix columns of these names.

        Raises
        ------
        ParameterError
            If the model cannot be written as SQL, naming what can.
        """
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain JSON, without the row of any single customer."""
        ...

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the model that ``to_dict`` wrote."""
        ...


@runtime_checkable
class SoftModel(Protocol):
    """A model that knows how likely each segment is; others would have to make it up."""

    def soft(self, matrix: Floats) -> Floats:
        """Return the chance of each segment for each row, shape (n, n_segments); rows sum to 1."""
        ...


class Algorithm(Protocol):
    """A way to find segments."""

    name: str

    @property
    def traits(self) -> Traits:
        """What to know of it before choosing it; a class attribute will do."""
        ...

    @property
    def models(self) -> tuple[type[Model], ...]:
        """Classes of the models it returns, for reading them again by their ``kind``."""
        ...

    def fit(self, matrix: Floats, k: int, *, seed: int, weights: Floats | None = None) -> Model:
        """Fit ``k`` segments to the rows of ``matrix``.

        Parameters
        ----------
        matrix : float64 array, shape (n, n_columns)
            Finite values.
        k : int
            Number of segments, 1 or more; there are fewer if fewer distinct rows exist.
        seed : int
            Of whatever is drawn at random.
        weights : float64 array, shape (n,), optional
            Weight of each row, above 0: how many customers it stands for, up to a factor.

        Returns
        -------
        Model
            The same for the same rows in any order, at any number of threads.
        """
        ...


AnyLens = Literal["auto", "value", "behaviour", "demographic", "geographic", "custom"]
MAX_SEED = 2**32 - 1
"""The largest that every library takes."""


class SegmentationParams(Params):
    """``[segmentation]`` of ``coterie.toml``."""

    lens: AnyLens = "auto"
    """auto: value with orders, custom (all attributes) without."""
    algorithm: str | tuple[str, ...] = "auto"
    """auto, a name of ``coterie algorithms``, or several to choose from."""
    features: tuple[str, ...] = ()
    """Features of the lens ``custom``; empty: all that are fit to cluster."""
    basis: str = ""
    """The one feature set to try, as ``candidates`` calls it; empty: all of the lens."""
    horizon: str = "90d"
    k: Literal["auto"] | int | tuple[int, int] = "auto"
    seed: int = Field(default=0, ge=0, le=MAX_SEED)
    outcome: str = ""
    include_protected: tuple[str, ...] = ()
    frequency: Literal["order_days", "orders"] = "order_days"
    """What one purchase is: a day with orders, or an order id."""
    budget: str = ""
    """Time for the search, like ``60s`` or ``10m``; empty: all candidates are tried."""
    value: Literal["", "boosted"] = ""
    """boosted: segments by boosted value are tried too; empty: by the formula alone."""
    weights: Weights | None = None
    """How much each criterion of the choice counts; None: METHODS' rule."""
    rules: tuple[Rule, ...] = ()
    """Segments written by hand, for the algorithm ``rules``."""

    @property
    def boosts(self) -> bool:
        """Whether boosted value is asked for, as a candidate or by its name."""
        if self.lens == "custom":
            return "boosted" in self.features
        return self.value == "boosted" and self.lens in {"auto", "value"}

    @field_validator("algorithm")
    @classmethod
    def _check_algorithm(cls, algorithm: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if isinstance(algorithm, str):
            plugins.check("algorithm", algorithm, GROUP, {"auto": "", **BUILT_IN, BY_HAND: ""})
            return algorithm
        if not algorithm or len(set(algorithm)) < len(algorithm):
            raise ParameterError(
                f"algorithm={list(algorithm)}.", allowed="One or more names, each once."
            )
        for name in algorithm:
            plugins.check("algorithm", name, GROUP, BUILT_IN)
        if ALONE in algorithm and len(algorithm) > 1:
            raise ParameterError(
                f"algorithm={list(algorithm)}.",
                allowed=f"{ALONE!r} stands alone: it looks at other columns than the rest.",
            )
        return algorithm

    @model_validator(mode="after")
    def _check_rules(self) -> SegmentationParams:
        if self.algorithm == BY_HAND and not self.rules:
            raise ParameterError(
                "The algorithm 'rules' needs rules.",
                hint='Write them: [[segmentation.rules]] name = "Big", where = "monetary > 500".',
            )
        if self.rules and self.algorithm != BY_HAND:
            raise ParameterError(
                f"There are [[segmentation.rules]], and the algorithm is {self.algorithm!r}.",
                hint="Set algorithm = 'rules', or leave the rules out.",
            )
        if self.rules:
            check_rules(self.rules)
            idle = {"k": self.k != "auto", "features": self.features, "weights": self.weights}
            named = [name for name, given in idle.items() if given]
            if named:
                raise ParameterError(
                    f"Nothing is chosen where segments are rules, and {named[0]} is set.",
                    hint=f"Leave {' and '.join(named)} out.",
                )
        return self

    @field_validator("k", mode="before")
    @classmethod
    def _check_k(cls, k: Any) -> Any:
        given = int(k) if isinstance(k, str) and k.isdecimal() and len(k) < 3 else k
        ends = tuple(given) if isinstance(given, list | tuple) else (given, given)
        whole = len(ends) == 2 and all(type(end) is int for end in ends)
        if given != "auto" and not (whole and 2 <= ends[0] <= ends[1] <= MAX_K):
            raise ParameterError(
                f"k={str(k)[:80]}.", allowed=f"k is 'auto', 2 to {MAX_K}, or a range [4, 9]."
            )
        return ends if isinstance(given, list) else given

    @field_validator("budget")
    @classmethod
    def _check_budget(cls, budget: str) -> str:
        if budget:
            seconds(budget)
        return budget

    @field_validator("horizon")
    @classmethod
    def _check_horizon(cls, horizon: str) -> str:
        horizon_days(horizon)
        return horizon


def k_range(k: Literal["auto"] | int | tuple[int, int]) -> tuple[int, int]:
    """Return the smallest and the largest number of segments to try.

    Examples
    --------
    >>> k_range("auto"), k_range(6), k_range((4, 9))
    ((2, 12), (6, 6), (4, 9))
    """
    if k == "auto":
        return 2, 12
    return (k, k) if isinstance(k, int) else (k[0], k[1])


def horizon_days(horizon: str) -> int:
    """Return the days of a horizon written like ``90d`` or ``13w``.

    Raises
    ------
    ParameterError
        If it is written otherwise or outside 1 to 730 days.

    Examples
    --------
    >>> horizon_days("13w")
    91
    """
    number, unit = horizon[:-1], horizon[-1:]
    days = (
        int(number) * {"d": 1, "w": 7}.get(unit, 0)
        if number.isdecimal() and len(number) < 10
        else 0
    )
    if not 1 <= days <= 730:
        raise ParameterError(
            f"horizon={horizon!r}.", allowed="Write 1d to 730d, or weeks like 13w.", where="horizon"
        )
    return days


def seconds(budget: str) -> float:
    """Return the seconds of a budget written like ``90s``, ``10m`` or ``1h``.

    Raises
    ------
    ParameterError
        If it is written otherwise or outside 1 second to 24 hours.

    Examples
    --------
    >>> seconds("10m")
    600.0
    """
    number, unit = budget[:-1], budget[-1:]
    found = int(number) * {"s": 1, "m": 60, "h": 3600}.get(unit, 0) if number.isdecimal() else 0
    if not 1 <= found <= 86_400:
        raise ParameterError(
            f"budget={budget[:80]!r}.",
            allowed="Write 1s to 24h, such as 90s or 10m.",
            where="budget",
        )
    return float(found)
