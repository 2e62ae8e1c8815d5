"""``Segmenter``: the segmentation of a customer table as a scikit-learn estimator.

It goes the way of a project with a customer table alone: the same matrix, the same
choice, the same model. So it scales, fills and encodes by itself; a pipeline need not.
"""
# ruff: noqa: N803  # scikit-learn fixes the name X

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any, Literal, Self, cast

import numpy as np
import pyarrow as pa
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from coterie.errors import DataError, ParameterError
from coterie.features.lenses import FeatureSet, fit_matrix
from coterie.features.matrix import Matrix, Wanted
from coterie.segmentation.base import Floats, Labels, k_range
from coterie.segmentation.candidates import Evidence, Space
from coterie.segmentation.centroids import KMeans, KMeansModel
from coterie.segmentation.columns import column_weights, is_frame, read_frame
from coterie.segmentation.lloyd import refine
from coterie.segmentation.search import Search
from coterie.segmentation.select import N_SAMPLE, select

Transform = Literal["auto", "log", "none"]

_ALGORITHMS: dict[str, KMeans] = {KMeans.name: KMeans()}
_TRANSFORMS: tuple[Transform, ...] = ("auto", "log", "none")
_MOST = 50


class Segmenter(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]  # scikit-learn ships no types
    TransformerMixin,  # type: ignore[misc]
    ClusterMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """Find segments in a table with one row a customer.

    Numbers are filled (median), compressed if skewed, scaled and clipped; text,
    categories and flags of a data frame become indicators; columns that say the same
    twice enter once. The segments are the nearest centres in that matrix.

    Parameters
    ----------
    n_segments : "auto", int or (int, int), default "auto"
        An int is fitted as asked, with no limit but the number of distinct rows. A range
        ``(low, high)``, or "auto" for (2, 12), is chosen from: by how well segments made
        without a column tell that column, each column in turn, under the gate of
        substance. With fewer than 50 rows, or if every choice has a segment too small,
        all rows stay in one segment and ``note_`` says why; with 50 to 199 rows there
        are at most 5.
    algorithm : "kmeans", default "kmeans"
        How segments are found.
    column_transform : {"auto", "log", "none"}, default "auto"
        What is done to numbers before scaling. "auto" compresses skewed columns, "log"
        takes log1p of all (negative numbers count as 0), "none" leaves their shape.
    random_state : int, default 0
        Seed of starts, samples, folds, trees and bootstraps. The same input and seed give
        the same result at any number of threads.
    weights : mapping of str to float, or sequence of float, optional
        Weight of columns, above 0: by name (``x0``, ``x1`` … for arrays), the others
        counting 1, or one for each column.

    Attributes
    ----------
    labels_ : int32 array, shape (n_samples,)
        Segment of each row of ``fit``, from 0; the same as ``predict`` gives.
    cluster_centers_ : float64 array, shape (n_segments_, n_matrix_columns)
        Centres in the units of ``matrix_``.
    n_segments_ : int
        Number of segments.
    selection_ : list of dict
        What was tried, one row each, with why it lost; empty if nothing was to choose.
    note_ : str
        What a reader must know of the choice, in words; may be empty.
    matrix_ : Matrix
        From columns to numbers; ``matrix_.dropped`` says which columns did not enter and why.
    model_ : KMeansModel
        From numbers to segments.
    n_features_in_ : int
        Number of columns seen in ``fit``.
    feature_names_in_ : object array, shape (n_features_in_,)
        Their names; there if ``fit`` saw a data frame whose names are all text.

    See Also
    --------
    coterie.segment : Segments with names, profiles and a report, from raw orders too.

    Notes
    -----
    ``y`` is ignored everywhere, as scikit-learn asks of a clusterer. NaN and NULL are
    missing values and welcome; infinity is refused. Arrays hold numbers; text needs a
    data frame (pandas, polars, Arrow). Every column given enters, age or gender too: what
    must not decide is to be left out before.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> spend = np.concatenate([random.normal(centre, 5, 60) for centre in (20, 90, 400)])
    >>> visits = np.concatenate([random.normal(centre, 1, 60) for centre in (5, 30, 12)])
    >>> segmenter = Segmenter().fit(np.column_stack([spend, visits]))
    >>> segmenter.n_segments_, np.bincount(segmenter.labels_).tolist()
    (3, [60, 60, 60])
    >>> segmenter.predict([[21.0, 5.5], [390.0, 12.0]]).tolist()
    [0, 2]
    """

    def __init__(
        self,
        n_segments: Literal["auto"] | int | tuple[int, int] = "auto",
        *,
        algorithm: str = "kmeans",
        column_transform: Transform = "auto",
        random_state: int = 0,
        weights: Mapping[str, float] | Sequence[float] | None = None,
    ) -> None:
        self.n_segments = n_segments
        self.algorithm = algorithm
        self.column_transform = column_transform
        self.random_state = random_state
        self.weights = weights

    def fit(self, X: Any, y: Any = None) -> Self:
        """Find the segments of the rows of ``X``.

        Parameters
        ----------
        X : array-like or data frame, shape (n_samples, n_features)
            One row a customer, at least 2.
        y : object, optional
            Ignored.

        Returns
        -------
        Segmenter
            Itself.

        Raises
        ------
        ParameterError
            If a parameter is not known or out of range.
        DataError
            If no column differs between rows, there are fewer distinct rows than segments
            asked for, or a frame holds infinity or a type that cannot be compared.
        ValueError
            From scikit-learn, if an array has a wrong shape or values.
        """
        del y  # a clusterer learns from X alone
        self._check()
        table = self._table(X, reset=True)
        weights = column_weights(self.weights, table.column_names)
        wanted = tuple(
            Wanted(
                field.name,
                kind="category" if pa.types.is_string(field.type) else "number",
                transform=self.column_transform,
                weight=weight,
            )
            for field, weight in zip(table.schema, weights, strict=True)
        )
        self.matrix_ = fit_matrix(table, FeatureSet("all columns", wanted))
        rows = self.matrix_.transform(table)
        model = self._fit_asked(rows) if _is_int(self.n_segments) else self._fit_chosen(rows)
        self._set_model(refine(model, lambda: [rows]))
        self.labels_: Labels = self.model_.assign(rows)
        return self

    def predict(self, X: Any) -> Labels:
        """Return the segment of each row; ties go to the lower number.

        Parameters
        ----------
        X : array-like or data frame, shape (n_samples, n_features)
            The columns of ``fit``. A word that was not there counts as rare, if any was.

        Returns
        -------
        int32 array, shape (n_samples,)
            Segments in the order of the rows.

        Raises
        ------
        NotFittedError
            If nothing was fitted before.
        ValueError
            If names, shape or kinds of values are not those of ``fit``, or one is infinite.
        """
        rows = self._rows(X)
        return self.model_.assign(rows)

    def transform(self, X: Any) -> Floats:
        """Return how far each row is from each segment's centre.

        Parameters
        ----------
        X : array-like or data frame, shape (n_samples, n_features)
            The columns of ``fit``.

        Returns
        -------
        float64 array, shape (n_samples, n_segments_)
            Euclidean distances in ``matrix_``; the least is the segment's. A data frame
            if ``set_output`` says so.

        Raises
        ------
        NotFittedError, ValueError
            As ``predict``.
        """
        rows = self._rows(X)
        return np.sqrt(self.model_.distances(rows))

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted estimator as plain JSON, all but ``labels_``."""
        check_is_fitted(self, "model_")
        names = getattr(self, "feature_names_in_", None)
        return {
            "params": _plain(self.get_params()),
            "n_features_in": int(self.n_features_in_),
            "feature_names_in": None if names is None else names.tolist(),
            "matrix": self.matrix_.to_dict(),
            "model": self.model_.to_dict(),
            "selection": self.selection_,
            "note": self.note_,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the estimator that ``to_dict`` wrote.

        Parameters
        ----------
        data : mapping
            As written, or read back from JSON.

        Returns
        -------
        Segmenter
            It predicts and transforms the same, bit for bit.

        Examples
        --------
        >>> fitted = Segmenter(2).fit([[0.0], [1.0], [9.0], [10.0]])
        >>> Segmenter.from_dict(fitted.to_dict()).predict([[8.0]]).tolist()
        [1]
        """
        params = dict(data["params"])
        if isinstance(params["n_segments"], list):
            params["n_segments"] = tuple(params["n_segments"])
        segmenter = cls(**params)
        segmenter.n_features_in_ = data["n_features_in"]
        if data["feature_names_in"] is not None:
            segmenter.feature_names_in_ = np.array(data["feature_names_in"], dtype=object)
        segmenter.matrix_ = Matrix.from_dict(data["matrix"])
        segmenter.selection_ = list(data["selection"])
        segmenter.note_ = data["note"]
        segmenter._set_model(KMeansModel.from_dict(data["model"]))
        return segmenter

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    @property
    def _n_features_out(self) -> int:
        """Number of columns of ``transform``, for ``get_feature_names_out``."""
        return self.n_segments_

    def _set_model(self, model: KMeansModel) -> None:
        self.model_ = model
        self.cluster_centers_ = model.centroids
        self.n_segments_ = model.n_segments

    def _check(self) -> None:
        """Check the parameters; scikit-learn wants that in ``fit``, not before."""
        if self.algorithm not in tuple(_ALGORITHMS):
            raise ParameterError.unknown("algorithm", str(self.algorithm), _ALGORITHMS)
        if self.column_transform not in _TRANSFORMS:
            given = str(self.column_transform)
            raise ParameterError.unknown("column_transform", given, _TRANSFORMS)
        if not _is_int(self.random_state) or self.random_state < 0:
            raise ParameterError(
                f"random_state={self.random_state!r}.", allowed="It is an int, 0 or above."
            )
        if not _is_choice(self.n_segments):
            raise ParameterError(
                f"n_segments={self.n_segments!r}.",
                allowed="It is 'auto', an int of 1 or more, or a range (low, high) "
                f"within 2 to {_MOST}.",
            )

    def _fit_asked(self, rows: Floats) -> KMeansModel:
        """Fit the number of segments that was asked for."""
        k, seed = int(cast("int", self.n_segments)), int(self.random_state)
        self.selection_: list[dict[str, Any]] = []
        self.note_ = ""
        seen = rows
        if len(rows) > N_SAMPLE:
            drawn = np.random.default_rng(seed).choice(len(rows), N_SAMPLE, replace=False)
            seen = rows[np.sort(drawn)]
        model = _ALGORITHMS[self.algorithm].fit(seen, k, seed=seed)
        if model.n_segments < k:
            raise DataError(
                f"The columns tell only {model.n_segments} of the rows apart.",
                allowed=f"{k} segments need {k} or more.",
                hint="Ask for fewer segments, or add columns that vary.",
            )
        return model

    def _fit_chosen(self, rows: Floats) -> KMeansModel:
        """Choose the number of segments as a project with a customer table alone does."""
        seed, algorithm = int(self.random_state), _ALGORITHMS[self.algorithm]
        features = tuple(column.source for column in self.matrix_.columns)
        space = Space("all columns", self.matrix_.names, rows, features)
        low, high = k_range(self.n_segments)
        ks, evidence = range(low, high + 1), Evidence(None, rows)
        chosen = select([space], [], evidence, ks, search=Search([algorithm]), seed=seed)
        self.selection_ = [candidate.to_dict() for candidate in chosen.candidates]
        self.note_ = chosen.note
        if chosen.winner is None:
            return algorithm.fit(rows, 1, seed=seed)
        return cast("KMeansModel", chosen.winner.model)

    def _rows(self, X: Any) -> Floats:
        """Return the matrix of new rows."""
        check_is_fitted(self, "model_")
        return self.matrix_.transform(self._table(X, reset=False))

    def _table(self, X: Any, *, reset: bool) -> pa.Table:
        """Return the columns as Arrow: numbers as float64, all else as text."""
        least = 2 if reset else 1
        if is_frame(X):
            validate_data(self, X, reset=reset, skip_check_array=True)
            kinds = None if reset else self._kinds()
            return read_frame(X, self._names(), kinds, least=least)
        values = validate_data(
            self,
            X,
            reset=reset,
            dtype=np.float64,
            ensure_all_finite="allow-nan",
            ensure_min_samples=least,
        )
        return pa.table(dict(zip(self._names(), values.T, strict=True)))

    def _names(self) -> list[str]:
        """Name the columns as scikit-learn does."""
        unnamed = [f"x{i}" for i in range(self.n_features_in_)]
        return list(getattr(self, "feature_names_in_", unnamed))

    def _kinds(self) -> dict[str, pa.DataType]:
        """Return the type of each column that the matrix reads."""
        words = {column.source for column in self.matrix_.columns if column.role == "level"}
        return {
            name: pa.string() if name in words else pa.float64() for name in self.matrix_.sources
        }


def _is_int(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_choice(n_segments: Any) -> bool:
    if isinstance(n_segments, str):
        return n_segments == "auto"
    if _is_int(n_segments):
        return bool(n_segments >= 1)
    if not isinstance(n_segments, (tuple, list)) or len(n_segments) != 2:
        return False
    low, high = n_segments
    return _is_int(low) and _is_int(high) and bool(2 <= low <= high <= _MOST)


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return checked parameters without numpy's types."""
    n, weights = params["n_segments"], params["weights"]
    if isinstance(weights, Mapping):
        weights = {name: float(weight) for name, weight in weights.items()}
    elif weights is not None:
        weights = [float(weight) for weight in weights]
    return {
        **params,
        "n_segments": n if n == "auto" else int(n) if _is_int(n) else [int(k) for k in n],
        "random_state": int(params["random_state"]),
        "weights": weights,
    }
