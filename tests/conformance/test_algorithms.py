from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from coterie import plugins
from coterie.errors import DataError, MissingExtraError, ParameterError
from coterie.segmentation.algorithms import algorithm, model_from_dict, names
from coterie.segmentation.base import BUILT_IN, GROUP, SegmentationParams, Traits
from coterie.segmentation.centroids import KMeans, KMeansModel
from coterie.segmentation.rules import Rules
from coterie.segmentation.tree import DistilledTree
from coterie.testing import check_algorithm

ROOT = Path(__file__).parents[2]
PLUGIN = '''
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from coterie.errors import MissingExtraError, ParameterError
from coterie.segmentation.base import Traits
from coterie.segmentation.centroids import KMeansModel
from coterie.segmentation.training import Training


@dataclass(frozen=True, eq=False)
class EqualPartsModel(KMeansModel):
    """Centres of equal parts of the first column, with k-means' rule of the nearest."""

    kind: ClassVar[str] = "equal-parts"

    def to_dict(self):
        return {**super().to_dict(), "fidelity": self.fidelity}

    @classmethod
    def from_dict(cls, data):
        return cls(np.asarray(data["centroids"]), data["fidelity"])


class EqualParts:
    """Cuts the sorted customers into parts of equal weight."""

    name = "equal-parts"
    traits = Traits("nobody; it shows how a package brings an algorithm", sql=True)
    models = (EqualPartsModel,)

    def fit(self, matrix, k, *, seed, weights=None):
        training = Training.of(matrix, k, weights)
        rows, heavy = training.merged()
        at = np.cumsum(heavy) - heavy / 2
        part = np.minimum((at * training.k / heavy.sum()).astype(int), training.k - 1)
        used, part = np.unique(part, return_inverse=True)
        mine = [part == i for i in range(len(used))]
        centres = [np.average(rows[own], axis=0, weights=heavy[own]) for own in mine]
        model = EqualPartsModel(np.array(centres))
        own = part[training.distinct]
        same = np.average(model.assign(training.rows) == own, weights=training.weights)
        return EqualPartsModel(model.centroids, float(same))


class Misnamed(EqualParts):
    name = "another"


class NeedsMore(EqualParts):
    name = "needs-more"

    def __init__(self):
        raise MissingExtraError.of("more", "The algorithm needs-more")
'''
POINTS = """
[coterie.algorithms]
equal-parts = plug_of_a_test:EqualParts
misnamed = plug_of_a_test:Misnamed
needs-more = plug_of_a_test:NeedsMore
gone = plug_of_a_test:Gone
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a package that brings algorithms, as pip would lay it down."""
    (tmp_path / "plug_of_a_test.py").write_text(PLUGIN)
    info = tmp_path / "plug_of_a_test-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug-of-a-test\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    return info


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_algorithm_of_ours_keeps_the_contract(name: str):
    check_algorithm(algorithm(name))


def test_hand_written_rules_keep_the_contract():
    columns = ["recency", "order count", "net"]
    conditions = ['"order count" > 3 AND recency < 2', "net / recency > 1", "LN(net) < 0"]
    check_algorithm(Rules(columns, conditions), columns=3)


def test_an_algorithm_of_a_package_keeps_the_contract_and_is_read_again(installed: Path):
    found = algorithm("equal-parts")
    check_algorithm(found)
    model = found.fit(np.arange(8.0)[:, None], 2, seed=0)
    again = model_from_dict(model.to_dict())
    assert type(again).__name__ == "EqualPartsModel"
    assert again.assign(np.array([[0.0], [7.0]])).tolist() == [0, 1]


def test_the_names_of_packages_come_after_ours(installed: Path):
    assert names() == (*BUILT_IN, "equal-parts", "gone", "misnamed", "needs-more")
    assert SegmentationParams(algorithm="equal-parts").algorithm == "equal-parts"


def test_an_unknown_name_gives_the_nearest(installed: Path):
    with pytest.raises(ParameterError, match="Did you mean 'hdbscan'"):
        algorithm("hdbscn")
    with pytest.raises(ValueError, match="Did you mean 'equal-parts'"):
        SegmentationParams(algorithm="equal-part")


@pytest.mark.parametrize(
    ("name", "words"),
    [("misnamed", "calls itself 'another'"), ("gone", "cannot be loaded from plug_of_a_test:Gone")],
)
def test_a_broken_package_is_named(installed: Path, name: str, words: str):
    with pytest.raises(ParameterError, match=words):
        algorithm(name)


def test_a_missing_extra_names_its_install_command(installed: Path):
    with pytest.raises(MissingExtraError, match=r"pip install 'coterie\[more\]'"):
        algorithm("needs-more")


def test_a_package_cannot_take_a_name_of_ours(installed: Path):
    (installed / "entry_points.txt").write_text("[coterie.algorithms]\nward = plug_of_a_test:Gone")
    with pytest.raises(ParameterError, match="Two parts are called 'ward'"):
        plugins.known(GROUP, BUILT_IN)


def test_a_model_of_an_unknown_kind_is_refused():
    with pytest.raises(DataError, match="of kind 'zz', which nothing here can read"):
        model_from_dict({"kind": "zz"})


def test_the_page_of_algorithms_knows_them_all_and_what_they_can():
    page = (ROOT / "docs" / "concepts" / "algorithms.md").read_text(encoding="utf-8")
    rows = [line.split(" |") for line in page.splitlines() if line.startswith("| `")]
    said = {row[0].strip("| `"): (row[3].strip() == "yes", row[4].strip() == "yes") for row in rows}
    assert said == {
        name: (algorithm(name).traits.soft, algorithm(name).traits.sql) for name in BUILT_IN
    }


def test_names_and_list_agree():
    for name in BUILT_IN:
        assert algorithm(name).name == name


# What follows breaks one promise each, and the suite must say which.


class _Broken(KMeans):
    """k-means that gives models of another class."""

    model: ClassVar[type[KMeansModel]]

    def fit(self, matrix: Any, k: int, *, seed: int, weights: Any = None) -> Any:
        return self.model(super().fit(matrix, k, seed=seed, weights=weights).centroids)


def _with_model(**methods: Any) -> Any:
    model = type("Model", (KMeansModel,), methods)
    return type("Broken", (_Broken,), {"model": model, "models": (model,)})()


def _with_fit(fit: Any) -> Any:
    return type("Broken", (KMeans,), {"fit": fit})()


def _depends_on_order(self: Any, matrix: Any, k: int, *, seed: int, weights: Any = None) -> Any:
    first = matrix[np.sort(np.unique(matrix, axis=0, return_index=True)[1])][:k]
    return KMeansModel(first)


def _depends_on_calls(self: Any, matrix: Any, k: int, *, seed: int, weights: Any = None) -> Any:
    self.calls = getattr(self, "calls", 0) + 1
    return KMeansModel(KMeans().fit(matrix, k, seed=seed).centroids + self.calls * 1e-9)


def _forgets_weights(self: Any, matrix: Any, k: int, *, seed: int, weights: Any = None) -> Any:
    return KMeans().fit(matrix, k, seed=seed)


def _drops_rows(self: Any, matrix: Any, k: int, *, seed: int, weights: Any = None) -> Any:
    heavy = None if weights is None or np.ptp(weights) == 0 else weights * (matrix[:, 0] > 4)
    return KMeans().fit(matrix, k, seed=seed, weights=heavy)


def _adds_up_weights(self: Any, matrix: Any, k: int, *, seed: int, weights: Any = None) -> Any:
    scale = 1.0 if weights is None else float(np.mean(weights))
    return KMeansModel(KMeans().fit(matrix, k, seed=seed).centroids * scale)


def _too_many(self: Any, matrix: Any, k: int, *, seed: int, weights: Any = None) -> Any:
    model = KMeans().fit(matrix, k, seed=seed, weights=weights)
    return KMeansModel(np.concatenate([model.centroids, model.centroids])[:k])


def _changes_the_matrix(self: Any, matrix: Any, k: int, *, seed: int, weights: Any = None) -> Any:
    model = KMeans().fit(matrix, k, seed=seed, weights=weights)
    matrix[0] += 1e-3
    return model


def _neighbours(self: Any, matrix: Any) -> Any:
    return KMeansModel.assign(self, matrix - matrix.mean(axis=0))


def _all_distances(self: Any, matrix: Any) -> Any:
    apart = (matrix[:, None, :] - np.repeat(self.centroids, 8, axis=0)) ** 2
    return np.ascontiguousarray(apart.sum(axis=2)[:, ::8])


def _wide(self: Any, matrix: Any) -> Any:
    return KMeansModel.assign(self, matrix).astype(np.int64)


def _rounded(self: Any) -> Any:
    return {"kind": "kmeans", "centroids": self.centroids.round(2).tolist()}


def _last_of_ties(self: Any, columns: Any) -> str:
    return KMeansModel(self.centroids + 0.3).sql(columns)


def _sure(self: Any) -> None:
    object.__setattr__(self, "fidelity", 2.0)


def _uneven(self: Any, matrix: Any) -> Any:
    return np.ones((len(matrix), self.n_segments))


def _unclear(self: Any, matrix: Any) -> Any:
    return KMeansModel.place(self, matrix)._replace(margin=np.full(len(matrix), np.nan))


BROKEN = {
    "The same seed": _with_fit(_depends_on_calls),
    "The order of the rows": _with_fit(_depends_on_order),
    "Weights change what is found": _with_fit(_forgets_weights),
    "A weight of 2 is as a row twice": _with_fit(_drops_rows),
    "Equal weights are as good as none": _with_fit(_adds_up_weights),
    "segments for at most": _with_fit(_too_many),
    "fit leaves the matrix|assign looks|JSON|same seed": _with_fit(_changes_the_matrix),
    "assign looks at one row|least distance": _with_model(assign=_neighbours),
    "MB beyond its result": _with_model(distances=_all_distances),
    "assign returns int32": _with_model(assign=_wide),
    "JSON|read from JSON places the same": _with_model(to_dict=_rounded),
    "SQL differs from assign": _with_model(sql=_last_of_ties),
    "traits.soft": _with_model(soft=_uneven),
    "The margin is 0 to 1": _with_model(place=_unclear),
    "fidelity is 0 to 1": _with_model(__post_init__=_sure),
    "models names Model": type("B", (_Broken,), {"model": type("Model", (KMeansModel,), {})})(),
    "traits is a Traits": type("B", (KMeans,), {"traits": None})(),
    "name is a text": type("B", (KMeans,), {"name": ""})(),
    "A model without SQL raises": type("B", (KMeans,), {"traits": Traits("all")})(),
}


@pytest.mark.parametrize("promise", BROKEN)
def test_the_suite_catches(promise: str):
    with pytest.raises(AssertionError, match=promise):
        check_algorithm(BROKEN[promise])


def test_the_suite_needs_two_columns():
    with pytest.raises(ParameterError, match="columns is 2 or more"):
        check_algorithm(KMeans(), columns=1)


def test_a_tree_with_a_target_of_another_length_is_refused():
    with pytest.raises(ParameterError, match="one score for each row"):
        DistilledTree(np.zeros(3)).fit(np.zeros((4, 2)), 2, seed=0)
