"""Proofs of a candidate: does it come back, can it be described, is it large enough today.

Every refit of a bootstrap is kept, so that the segments that are published are judged
against the same bootstraps as the candidate they come from, at no further cost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from coterie.errors import DataError
from coterie.segmentation.base import MIN_FIDELITY, Algorithm, Floats, Labels, Model, as_groups
from coterie.segmentation.describability import Describability, describability
from coterie.segmentation.gates import RELAXED, STRICT, Proof, percent
from coterie.segmentation.ground import Ground, Rows
from coterie.segmentation.stability import N_SAMPLES, Stability, stability
from coterie.segmentation.structure import Structure, is_natural, structure
from coterie.segmentation.validity import unsubstantial

N_PROOF = 10_000
"""Customers that bootstraps are drawn from; segments of more come back no worse."""
MOST_CELLS = 2_000_000
"""Cells of a matrix that is made anew for every bootstrap; wide tables have fewer customers."""
LEAST_ROWS = 1_000
MOST_KEPT = 10_000_000
"""Cells of one space's bootstraps that are kept for the next number of segments."""

FAILED = Proof(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Proven:
    """What was found of one candidate.

    Parameters
    ----------
    proof : Proof
        What the gates ask.
    back : Stability or None
        How its segments come back; None if that was not looked at.
    told : Describability or None
        How rules tell them; None if that was not looked at.
    fails : str
        Why it fails before any bootstrap, in words; empty if it does not.
    """

    proof: Proof
    back: Stability | None = None
    told: Describability | None = None
    fails: str = ""

    @property
    def why_not(self) -> str:
        """Why the strict gates do not open, in words; empty if they do."""
        if self.fails:
            return self.fails
        weighted, least, described = STRICT
        if self.proof.weighted < weighted:
            found = percent(self.proof.weighted, weighted)
            return (
                f"does not come back: refitted on resampled customers, {found} "
                f"of a segment is found again, {weighted:.0%} needed"
            )
        if self.proof.least < least:
            return (
                "a segment dissolves: refitted on resampled customers, "
                f"{percent(self.proof.least, least)} of it is found again, {least:.0%} needed"
            )
        if self.proof.described < described:
            found = percent(self.proof.described, described)
            return (
                f"cannot be put in short rules: they place {found} "
                f"of customers, {described:.0%} needed"
            )
        return ""


class Prover:
    """Proves candidates on today's customers.

    Parameters
    ----------
    ground : Ground
        The customers.
    revenue : float64 array, shape (n,), or None
        What each spent so far, for the gate of substance.
    seed : int
        Of samples, bootstraps, folds and fits.
    """

    def __init__(self, ground: Ground, revenue: Floats | None, *, seed: int) -> None:
        self.ground = ground
        self.seed = seed
        self._revenue = revenue
        self._proven: dict[tuple[str, str, int], Proven] = {}
        self._models: dict[tuple[str, str, int], Model] = {}
        self._matrices: dict[tuple[str, bytes], Floats | None] = {}
        self._again: dict[tuple[str, str, int, bytes], Labels] = {}
        self._drawn: dict[str, tuple[Rows, Ground]] = {}

    def prove(self, algorithm: Algorithm, space: str, k: int) -> Proven:
        """Return the proof of an algorithm with ``k`` segments in a space; made once.

        Parameters
        ----------
        algorithm : Algorithm
            What finds the segments.
        space : str
            Name of the space.
        k : int
            Number of segments asked for.

        Returns
        -------
        Proven
            The same object when asked again.
        """
        key = (algorithm.name, space, k)
        if key not in self._proven:
            self._proven[key] = self._prove(algorithm, space, k)
        return self._proven[key]

    def natural(self, algorithm: Algorithm, space: str, k: int) -> bool:
        """Return whether ``structure.is_natural`` holds for it on today's customers.

        Parameters
        ----------
        algorithm : Algorithm
            What finds the segments.
        space : str
            Name of the space.
        k : int
            Number of segments asked for.

        Returns
        -------
        bool
            False if the space cannot be made of them.
        """
        matrix = self.ground.matrix(space)
        if matrix is None:
            return False
        labels = as_groups(self._model(algorithm, space, k, matrix).assign(matrix))
        return is_natural(
            matrix,
            labels,
            _fit(algorithm, k),
            features=self.ground.features(space),
            derived=self.ground.derived,
            seed=self.seed,
        )

    def returning(self, algorithm: Algorithm, space: str, k: int, labels: Labels) -> Stability:
        """Return how given segments of all customers come back when this is fitted again.

        Parameters
        ----------
        algorithm : Algorithm
            What finds the segments.
        space : str
            Name of the space.
        k : int
            Number of segments asked for.
        labels : int32 array, shape (n,)
            Segment of each of today's customers, as groups of all.

        Returns
        -------
        Stability
            Over the same bootstraps as the proof of the candidate.
        """
        rows, _ = self._some(space)
        return stability(labels[rows], self._refit(algorithm, space, k), seed=self.seed)

    def described(self, space: str, labels: Labels) -> Describability:
        """Return how rules tell given segments of all customers.

        Parameters
        ----------
        space : str
            Name of the space, whose raw features the rules use.
        labels : int32 array, shape (n,)
            Segment of each of today's customers, as groups of all.

        Returns
        -------
        Describability
            See ``describability.describability``.
        """
        rows, some = self._some(space)
        return describability(labels[rows], some.raw(space), seed=self.seed)

    def structure(self, algorithm: Algorithm, space: str, k: int, labels: Labels) -> Structure:
        """Look for groups in a space that given segments of all customers cut.

        Parameters
        ----------
        algorithm : Algorithm
            What finds the segments.
        space : str
            Name of the space.
        k : int
            Number of segments asked for.
        labels : int32 array, shape (n,)
            Segment of each of today's customers, as groups of all.

        Returns
        -------
        Structure
            See ``structure.structure``.

        Raises
        ------
        DataError
            If the space cannot be made of these customers.
        """
        matrix = self.ground.matrix(space)
        if matrix is None:
            raise DataError(f"{space!r} cannot be made of these customers.")
        return structure(
            matrix,
            labels,
            _fit(algorithm, k),
            features=self.ground.features(space),
            derived=self.ground.derived,
            seed=self.seed,
        )

    def _prove(self, algorithm: Algorithm, space: str, k: int) -> Proven:
        matrix = self.ground.matrix(space)
        if matrix is None:
            return Proven(FAILED, fails="cannot be made of today's customers")
        model = self._model(algorithm, space, k, matrix)
        labels = model.assign(matrix)
        small = unsubstantial(labels, self._revenue)
        if small:
            return Proven(FAILED, fails=small)
        if model.fidelity < MIN_FIDELITY:
            return Proven(FAILED, fails=f"places only {model.fidelity:.0%} as the algorithm did")
        groups = as_groups(labels)
        told = self.described(space, groups)
        if told.accuracy < RELAXED[2]:  # the cheaper of the two, and no gate opens without it
            return Proven(Proof(1.0, 1.0, told.accuracy), told=told)
        rows, _ = self._some(space)
        refit = self._refit(algorithm, space, k)
        back = stability(groups[rows], refit, seed=self.seed, gate=RELAXED[:2])
        return Proven(Proof(back.weighted, back.least, told.accuracy), back, told)

    def _model(self, algorithm: Algorithm, space: str, k: int, matrix: Floats) -> Model:
        key = (algorithm.name, space, k)
        if key not in self._models:
            self._models[key] = algorithm.fit(matrix, k, seed=self.seed)
        return self._models[key]

    def _some(self, space: str) -> tuple[Rows, Ground]:
        """Return the customers that bootstraps are drawn from, ascending."""
        if space not in self._drawn:
            rows = np.arange(self.ground.n)
            most = max(LEAST_ROWS, MOST_CELLS // len(self.ground.features(space)))
            most = min(N_PROOF, most)
            if len(rows) > most:
                rows = np.sort(np.random.default_rng(self.seed).choice(rows, most, replace=False))
            some = self.ground.take(rows) if len(rows) < self.ground.n else self.ground
            self._drawn[space] = rows, some
        return self._drawn[space]

    def _refit(self, algorithm: Algorithm, space: str, k: int) -> Callable[[Rows, int], Labels]:
        """Return what fits all on a bootstrap of ``_some`` and labels each of them."""
        _, some = self._some(space)

        def refit(rows: Rows, seed: int) -> Labels:
            key = (algorithm.name, space, k, rows.tobytes())
            if key not in self._again:
                matrix = self._remade(space, rows)
                drawn, times = np.unique(rows, return_counts=True)
                labels = np.zeros(some.n, dtype=np.int32)  # if nothing tells anybody apart
                if matrix is not None:
                    weights = times.astype(np.float64)
                    model = algorithm.fit(matrix[drawn], k, seed=seed, weights=weights)
                    labels = as_groups(model.assign(matrix))
                self._again[key] = labels
            return self._again[key]

        return refit

    def _remade(self, space: str, rows: Rows) -> Floats | None:
        """Return the matrix fitted on a bootstrap, kept for the next number of segments."""
        _, some = self._some(space)
        key = (space, rows.tobytes())
        if key in self._matrices:
            return self._matrices[key]
        made = some.matrix(space, rows)
        if made is not None and made.size * N_SAMPLES <= MOST_KEPT:
            self._matrices[key] = made
        return made


class _Grouped:
    """A model by whose labels whoever is in no segment forms one more."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def assign(self, matrix: Floats) -> Labels:
        """Return a group for everybody."""
        return as_groups(self._model.assign(matrix))


def _fit(algorithm: Algorithm, k: int) -> Callable[[Floats, int], _Grouped]:
    return lambda rows, seed: _Grouped(algorithm.fit(rows, k, seed=seed))
