"""Mixtures: each segment is a distribution, and a customer has a chance of being in each.

Costs are added column by column without BLAS, so they equal the engine's to the last
bit and a row's segment never depends on its neighbours.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from coterie.engine.sql import identifier
from coterie.errors import ParameterError
from coterie.features.column import double
from coterie.features.threads import one_thread
from coterie.segmentation.base import Floats, Labels, Placement, Traits
from coterie.segmentation.nearest import CHUNK, check_matrix, check_names, nearest_sql, place_sql
from coterie.segmentation.training import Training

VARIANCE_FLOOR = 0.02
"""Least variance of a segment in a column, where a column has variance 1 (METHODS 3)."""
MIXTURE_ROWS = 50_000
_MAX_ITER = 200


@dataclass(frozen=True)
class Category:
    """Columns of the matrix that say which level of one category a customer has.

    Parameters
    ----------
    columns : tuple of int
        One column a level.
    borders : tuple of float
        A customer has the first level whose column is above its border.
    costs : tuple of tuple of float
        For each segment the cost of each level, and last of none of them.
    """

    columns: tuple[int, ...]
    borders: tuple[float, ...]
    costs: tuple[tuple[float, ...], ...]

    def codes(self, rows: Floats) -> Labels:
        """Return the level of each customer from columns by rows, shape (n_columns, n)."""
        code = np.full(rows.shape[1], len(self.columns), dtype=np.int32)
        for level in reversed(range(len(self.columns))):
            code[rows[self.columns[level]] > self.borders[level]] = level
        return code

    def sql(self, segment: int, names: Sequence[str]) -> str:
        """Return the cost of a segment as SQL over quoted names of all matrix columns."""
        *costs, none = map(double, self.costs[segment])
        levels = zip(self.columns, self.borders, costs, strict=True)
        whens = " ".join(f"WHEN {names[i]} > {double(b)} THEN {cost}" for i, b, cost in levels)
        return f"CASE {whens} ELSE {none} END"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Category:
        """Read what ``dataclasses.asdict`` and JSON made of it."""
        costs = tuple(tuple(map(float, segment)) for segment in data["costs"])
        return cls(tuple(data["columns"]), tuple(map(float, data["borders"])), costs)


@dataclass(frozen=True, eq=False)
class MixtureModel:
    """Gaussian distributions of numbers times independent categories.

    The cost of a segment is minus twice the logarithm of its share times its density,
    up to what all segments have in common; it can be below 0.

    Parameters
    ----------
    constants : float64 array, shape (n_segments,)
        Part of the cost that no column changes.
    means : float64 array, shape (n_segments, n_numbers)
    factors : float64 array, shape (n_segments, n_numbers, n_numbers)
        Upper triangular; its product with its transpose is the inverse covariance.
    numbers : tuple of int
        Columns of the matrix that are numbers.
    categories : tuple of Category
        The other columns.
    fidelity : float

    Examples
    --------
    >>> one = np.ones((2, 1, 1))
    >>> model = MixtureModel(np.zeros(2), np.array([[0.0], [4.0]]), one, (0,))
    >>> model.soft(np.array([[2.0], [1.0]])).round(3).tolist()
    [[0.5, 0.5], [0.982, 0.018]]
    """

    constants: Floats
    means: Floats
    factors: Floats
    numbers: tuple[int, ...]
    categories: tuple[Category, ...] = ()
    fidelity: float = 1.0
    kind: ClassVar[str] = "mixture"

    def __post_init__(self) -> None:
        k, d = len(self.constants), len(self.numbers)
        if not k or self.means.shape != (k, d) or self.factors.shape != (k, d, d):
            raise ParameterError("The parts of the mixture do not fit each other.")
        parts = (self.constants, self.means, self.factors)
        if not all(np.isfinite(part).all() for part in parts):
            raise ParameterError("A parameter of the mixture is not finite.")

    @property
    def n_segments(self) -> int:
        """Number of segments."""
        return len(self.constants)

    @property
    def n_columns(self) -> int:
        """Number of columns of the matrix."""
        return len(self.numbers) + sum(len(category.columns) for category in self.categories)

    def distances(self, matrix: Floats) -> Floats:
        """Return the cost of each segment for each row, shape (n, n_segments)."""
        return np.concatenate([costs.T for costs in self._chunks(matrix)])

    def assign(self, matrix: Floats) -> Labels:
        """Return the likeliest segment of each row; ties go to the lower number."""
        labels = [np.argmin(costs, axis=0) for costs in self._chunks(matrix)]
        return np.concatenate(labels).astype(np.int32)

    def soft(self, matrix: Floats) -> Floats:
        """Return the chance of each segment for each row, shape (n, n_segments); rows sum to 1."""
        return np.concatenate([_chances(costs).T for costs in self._chunks(matrix)])

    def place(self, matrix: Floats) -> Placement:
        """Return segment, runner-up, and as margin the difference of their chances."""
        parts = []
        for costs in self._chunks(matrix):
            chances, row = _chances(costs), np.arange(costs.shape[1])
            first = np.argmin(costs, axis=0)
            if len(costs) == 1:
                parts.append((first, first, np.ones(len(row))))
                continue
            costs[first, row] = np.inf
            second = np.argmin(costs, axis=0)
            parts.append((first, second, chances[first, row] - chances[second, row]))
        segment, second, margin = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Placement(segment.astype(np.int32), second.astype(np.int32), margin)

    def sql(self, columns: Sequence[str]) -> str:
        """Return an SQL expression for ``assign`` over matrix columns of these names.

        It grows with the square of the number of segments; engines are better served by
        ``sql_select``.
        """
        return nearest_sql(self._costs_sql(columns))

    def sql_select(self, relation: str, columns: Sequence[str], keep: Sequence[str]) -> str:
        """Return a SELECT of ``keep``, ``segment``, ``second`` and ``margin`` over a relation.

        Parameters
        ----------
        relation : str
            Name of the table that holds the matrix; it is quoted here.
        columns : sequence of str
            Matrix columns in order.
        keep : sequence of str
            Columns handed through, such as the customer id.

        Returns
        -------
        str
            Portable SQL; segments are those of ``place``, margins equal but for rounding.
        """

        def odds(cost: str) -> str:  # PostgreSQL raises where EXP would be almost 0
            return f"EXP(GREATEST((d2__best - {cost}) / 2, {double(-700.0)}))"

        total = " + ".join(odds(f"d2__{j}") for j in range(self.n_segments))
        return place_sql(
            relation,
            self._costs_sql(columns),
            keep,
            margin=f"(1 - {odds('d2__next')}) / d2__total",
            more=f", {total} AS d2__total",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain JSON; numbers come back bit for bit."""
        return {
            "kind": self.kind,
            "constants": self.constants.tolist(),
            "means": self.means.tolist(),
            "factors": self.factors.tolist(),
            "numbers": list(self.numbers),
            "categories": [asdict(category) for category in self.categories],
            "fidelity": self.fidelity,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MixtureModel:
        """Return the model that ``to_dict`` wrote."""
        numbers = tuple(data["numbers"])
        k, d = len(data["constants"]), len(numbers)
        return cls(
            np.asarray(data["constants"], dtype=np.float64),
            np.asarray(data["means"], dtype=np.float64).reshape(k, d),
            np.asarray(data["factors"], dtype=np.float64).reshape(k, d, d),
            numbers,
            tuple(Category.from_dict(category) for category in data["categories"]),
            float(data["fidelity"]),
        )

    def fitted_to(self, training: Training, own: Labels) -> MixtureModel:
        """Return the model without segments that nobody is in, numbered, with its fidelity.

        Parameters
        ----------
        training : Training
            The rows of the fit.
        own : int array, shape (n,)
            The algorithm's own label of each.

        Returns
        -------
        MixtureModel
            Segments are numbered by the means of their members: first column, then the
            second …
        """
        labels, rows = self.assign(training.rows), training.rows
        used = np.unique(labels)
        means = np.array([rows[labels == j].mean(axis=0) for j in used])
        used = used[np.lexsort(means.T[::-1])]
        same = float(np.average(labels == own, weights=training.weights))
        categories = tuple(
            Category(c.columns, c.borders, tuple(c.costs[j] for j in used)) for c in self.categories
        )
        parts = self.constants[used], self.means[used], self.factors[used]
        return MixtureModel(*parts, self.numbers, categories, same)

    def _chunks(self, matrix: Floats) -> Iterator[Floats]:
        """Yield costs of shape (n_segments, rows) for runs of rows."""
        check_matrix(matrix, self.n_columns)
        for start in range(0, max(len(matrix), 1), CHUNK):
            rows = np.ascontiguousarray(matrix[start : start + CHUNK].T, dtype=np.float64)
            codes = [category.codes(rows) for category in self.categories]
            total = np.repeat(self.constants[:, None], rows.shape[1], axis=1)
            for j in range(self.n_segments):
                apart = rows[list(self.numbers)] - self.means[j][:, None]
                for factor in self.factors[j].T:
                    part = np.zeros(rows.shape[1])
                    for i in np.flatnonzero(factor):
                        part += factor[i] * apart[i]
                    total[j] += part * part
                for category, code in zip(self.categories, codes, strict=True):
                    total[j] += np.asarray(category.costs[j])[code]
            yield total

    def _costs_sql(self, columns: Sequence[str]) -> list[str]:
        check_names(columns, self.n_columns)
        names = [identifier(name) for name in columns]
        return [self._cost_sql(j, names) for j in range(self.n_segments)]

    def _cost_sql(self, j: int, names: Sequence[str]) -> str:
        terms = [double(self.constants[j])]
        apart = [
            f"({names[column]} - {double(mean)})"
            for column, mean in zip(self.numbers, self.means[j], strict=True)
        ]
        for factor in self.factors[j].T:
            used = np.flatnonzero(factor)
            part = " + ".join(f"{double(factor[i])} * {apart[i]}" for i in used)
            terms.append(f"({part}) * ({part})")
        terms += [category.sql(j, names) for category in self.categories]
        return " + ".join(terms)


class GaussianMixture:
    """Gaussian distributions, each with its own size, direction and share, by EM.

    The start is k-means; .02 is added to every variance, so that no segment shrinks to
    a point.

    References
    ----------
    Dempster, Laird & Rubin (1977), Maximum likelihood from incomplete data via the EM
    algorithm; Fraley & Raftery (2002), Model-based clustering.

    Examples
    --------
    >>> rows = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> GaussianMixture().fit(rows, 2, seed=0).assign(np.array([[2.0], [8.0]])).tolist()
    [0, 1]
    """

    name = "gaussian-mixture"
    traits = Traits("stretched groups of unequal size that overlap", soft=True, sql=True)
    models = (MixtureModel,)

    def fit(
        self, matrix: Floats, k: int, *, seed: int, weights: Floats | None = None
    ) -> MixtureModel:
        """Fit at most ``k`` segments; see ``Algorithm``. Weights enter as chances of a draw."""
        import sklearn.mixture
        from sklearn.exceptions import ConvergenceWarning

        training = Training.of(matrix, k, weights).drawn(MIXTURE_ROWS, seed=seed)
        rows = training.rows if len(training.rows) > 1 else np.repeat(training.rows, 2, axis=0)
        learner = sklearn.mixture.GaussianMixture(
            training.k, reg_covar=VARIANCE_FLOOR, max_iter=_MAX_ITER, random_state=seed
        )
        with one_thread(), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # 200 steps are near enough
            own = learner.fit_predict(rows)[: len(training.rows)]
        factors = learner.precisions_cholesky_
        spread = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
        constants = -2.0 * (np.log(learner.weights_) + spread)
        numbers = tuple(range(rows.shape[1]))
        model = MixtureModel(constants, learner.means_, factors, numbers)
        return model.fitted_to(training, own)


def _chances(costs: Floats) -> Floats:
    """Return chances from costs, both of shape (n_segments, rows), without overflow."""
    weights = np.exp((costs.min(axis=0) - costs) / 2)
    total = np.zeros(costs.shape[1])
    for weight in weights:
        total += weight
    return np.asarray(weights / total)
