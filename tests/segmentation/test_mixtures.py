from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import adjusted_rand_score

from coterie.engine.duckdb import DuckDB
from coterie.errors import ParameterError
from coterie.segmentation.centroids import KMeans, KMeansModel
from coterie.segmentation.latent import LatentClass
from coterie.segmentation.mixtures import Category, GaussianMixture, MixtureModel

FLAG = Category((1,), (0.5,), ((0.0, 4.0), (4.0, 0.0)))
MIXED = MixtureModel(
    np.array([0.0, 2.0]), np.array([[0.0], [2.0]]), np.array([[[1.0]], [[2.0]]]), (0,), (FLAG,)
)


def ellipses(n: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three stretched groups of unequal size that k-means cuts across."""
    random = np.random.default_rng(seed)
    truth = random.choice(3, n, p=[0.6, 0.3, 0.1])
    spread = np.array([[4.0, 0.3], [0.3, 3.0], [0.5, 0.5]])[truth]
    centre = np.array([[0.0, 0.0], [8.0, 4.0], [0.0, 3.0]])[truth]
    return centre + spread * random.normal(size=(n, 2)), truth


def mixed(case: str, seed: int, n: int = 900) -> tuple[np.ndarray, np.ndarray]:
    """Three groups told by two numbers and three categories of four levels, as a matrix.

    ``balanced``: both tell; ``weak`` and ``nuisance``: the categories tell little or
    nothing; ``strong``: they tell most.
    """
    random = np.random.default_rng(seed)
    truth = random.integers(0, 3, n)
    apart = {"balanced": 1.6, "weak": 1.8, "strong": 0.8, "nuisance": 2.2}[case]
    sharp = {"balanced": 0.6, "weak": 0.3, "strong": 0.8, "nuisance": 0.0}[case]
    numbers = np.column_stack([apart * truth, apart * (truth == 1)]) + random.normal(size=(n, 2))
    numbers = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    columns = [numbers]
    for shift in range(3):
        own = random.random(n) < sharp
        level = np.where(own, (truth + shift) % 4, random.integers(0, 4, n))
        columns.append(np.eye(4)[level] / np.sqrt(2.0))
    return np.hstack(columns), truth


def test_costs_and_chances_are_those_worked_out_by_hand():
    # x = 1, flag set: 0 + 1 + 0 = 1 against 2 + (2 * -1)^2 + 4 = 10
    # x = 2, flag unset: 0 + 4 + 4 = 8 against 2 + 0 + 0 = 2
    rows = np.array([[1.0, 1.0], [2.0, 0.0]])
    assert MIXED.distances(rows).tolist() == [[1.0, 10.0], [8.0, 2.0]]
    odds = np.exp([-4.5, -3.0])
    np.testing.assert_allclose(MIXED.soft(rows)[[0, 1], [1, 0]], odds / (1 + odds))
    placement = MIXED.place(rows)
    assert placement.segment.tolist() == [0, 1]
    assert placement.second.tolist() == [1, 0]
    np.testing.assert_allclose(placement.margin, (1 - odds) / (1 + odds))


def test_a_customer_without_a_known_level_is_placed_by_the_rest():
    level = Category((0, 1), (0.5, 0.5), ((1.0, 9.0, 0.0), (9.0, 1.0, 0.0)))
    model = MixtureModel(np.array([0.0, 0.1]), np.empty((2, 0)), np.empty((2, 0, 0)), (), (level,))
    assert model.assign(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])).tolist() == [0, 1, 0]


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(ParameterError, match="do not fit each other"):
        MixtureModel(np.zeros(2), np.zeros((1, 1)), np.ones((2, 1, 1)), (0,))
    with pytest.raises(ParameterError, match="not finite"):
        MixtureModel(np.zeros(1), np.full((1, 1), np.nan), np.ones((1, 1, 1)), (0,))


def test_unequal_ellipses_are_found_where_k_means_cannot():
    rows, truth = ellipses(2_000)
    model = GaussianMixture().fit(rows, 3, seed=0)
    assert adjusted_rand_score(truth, model.assign(rows)) > 0.9
    assert adjusted_rand_score(truth, KMeans().fit(rows, 3, seed=0).assign(rows)) < 0.6
    assert model.fidelity == 1.0


def test_chances_are_right_as_often_as_they_say():
    rows, truth = ellipses(4_000)
    model = GaussianMixture().fit(rows, 3, seed=0)
    new, group = ellipses(4_000, seed=1)
    labels, chances = model.assign(new), model.soft(new).max(axis=1)
    name = np.array([np.bincount(truth[model.assign(rows) == j]).argmax() for j in range(3)])
    right = name[labels] == group
    for low, high in ((0.5, 0.8), (0.8, 0.95), (0.95, 1.01)):
        band = (chances >= low) & (chances < high)
        assert right[band].mean() == pytest.approx(chances[band].mean(), abs=0.06)


@pytest.mark.parametrize("algorithm", [GaussianMixture(), LatentClass()], ids=lambda a: a.name)
def test_sql_places_a_thousand_mixed_customers_the_same(algorithm: GaussianMixture | LatentClass):
    rows, _ = mixed("balanced", 0)
    model = algorithm.fit(rows, 3, seed=0)
    names = [f"c{i}" for i in range(rows.shape[1])]
    with DuckDB() as db:
        db.load("m", pa.table(dict(zip(names, rows.T.copy(), strict=True))))
        found = db.query(f"SELECT {model.sql(names)} AS s FROM m").column("s").to_numpy()
        placed = db.query(model.sql_select("m", names, ["c0"]))
    np.testing.assert_array_equal(found, model.assign(rows))
    segment, second, margin = model.place(rows)
    np.testing.assert_array_equal(placed.column("segment").to_numpy(), segment)
    np.testing.assert_array_equal(placed.column("second").to_numpy(), second)
    np.testing.assert_allclose(placed.column("margin").to_numpy(), margin, atol=1e-9)
    np.testing.assert_array_equal(placed.column("c0").to_numpy(), rows[:, 0])


def test_columns_of_one_category_become_one_again():
    rows, _ = mixed("balanced", 0)
    model = LatentClass().fit(rows, 3, seed=0)
    assert isinstance(model, MixtureModel)
    assert model.numbers == (0, 1)
    found = [category.columns for category in model.categories]
    assert found == [(2, 3, 4, 5), (6, 7, 8, 9), (10, 11, 12, 13)]


def test_levels_are_counted_by_hand():
    # numbers part the classes; of three in the first two have the flag: (2 + .5) / (3 + 1)
    rows = np.array([[0.0, 1], [0, 1], [0, 0], [50, 0], [50, 0], [50, 0], [50, 0]])
    rows[:, 0] += np.array([-0.5, 0, 0.5, -0.5, 0.2, 0, 0.5])
    model = LatentClass().fit(rows, 2, seed=0)
    assert isinstance(model, MixtureModel)
    shares = np.exp(np.array(model.categories[0].costs) / -2)
    np.testing.assert_allclose(shares, [[2.5 / 4, 1.5 / 4], [0.5 / 5, 4.5 / 5]])
    np.testing.assert_allclose(model.means[:, 0], [0.0, 50.05])


@pytest.mark.parametrize("case", ["balanced", "weak", "strong", "nuisance"])
def test_latent_classes_find_mixed_groups_better_than_k_means_on_indicators(case: str):
    reached = []
    for seed in range(4):
        rows, truth = mixed(case, seed)
        found = [a.fit(rows, 3, seed=0).assign(rows) for a in (LatentClass(), KMeans())]
        reached.append([adjusted_rand_score(truth, labels) for labels in found])
    ours, usual = np.mean(reached, axis=0)
    assert ours > usual
    assert ours > 0.55


def test_weights_of_columns_do_not_change_latent_classes_that_are_clear():
    rows, _ = mixed("nuisance", 0)
    rows[:, :2] *= 3
    labels = LatentClass().fit(rows, 3, seed=0).assign(rows)
    heavy = LatentClass().fit(rows * np.where(np.arange(14) < 2, 2.5, 1.0), 3, seed=0)
    assert adjusted_rand_score(labels, heavy.assign(rows * np.array([2.5] * 2 + [1.0] * 12))) > 0.95


def test_where_em_empties_a_class_the_k_means_start_is_returned():
    rows = np.random.default_rng(0).normal(size=(40, 2)) * 1e-3
    model = LatentClass().fit(rows, 5, seed=0)
    assert isinstance(model, KMeansModel)
    assert model.n_segments == 5
