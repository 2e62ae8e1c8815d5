from coterie.profiling.choice import _sentences, candidate_rows
from coterie.segmentation.candidates import Candidate, Selection
from coterie.segmentation.separation import Score


def row(k, p, reason="", *, chosen=False, features="log RFM", reference=False):
    return {
        "algorithm": "kmeans",
        "features": features,
        "k": k,
        "P": p,
        "reason_lost": reason,
        "chosen": chosen,
        "reference": reference,
    }


def test_the_choice_is_explained_by_the_figures_that_decided():
    chosen = row(8, 0.951, chosen=True)
    rows = [chosen, row(12, 0.962, "more segments for the same"), row(7, 0.92, "holds less")]
    first, second = _sentences(chosen, rows, {"method": "out-of-time"}, 3)
    assert first.startswith("8 segments by k-means on log RFM were chosen among 3 candidates")
    assert first.endswith("held back: 95 of 100 that can be told.")
    assert "the most, 96, is reached with 12" in second


def test_more_that_is_reached_with_tiny_segments_is_not_hidden():
    chosen = row(5, 0.878, chosen=True)
    rows = [chosen, row(12, 0.934, "a segment of 20 customers")]
    _, why = _sentences(chosen, rows, {"method": "out-of-time"}, 3)
    assert why == (
        "12 segments would reach 93, but with a segment of 20 customers, too few to act on. "
        "No other candidate that passes all gates reaches more."
    )


def test_a_list_of_columns_is_told_by_its_length():
    chosen = row(3, 0.5, chosen=True, features="BALANCE, PURCHASES, LIMIT …")
    first, _, last = _sentences(chosen, [chosen], {"method": "leave-one-out"}, 17)
    assert "k-means on 17 columns" in first
    assert last == "Nothing is proven on later behaviour by that."


def test_weights_are_said_to_be_the_users():
    chosen = row(4, 0.8, chosen=True)
    rows = [chosen, row(9, 0.9, "your weights give it less: 80 against 84 of 100")]
    told = {"method": "out-of-time", "weights": {"value": 1.0, "stability": 0.5}}
    first, judged = _sentences(chosen, rows, told, 3)
    assert first == (
        "4 segments by k-means on log RFM were chosen among 2 candidates by weights of the "
        "criteria that were set by the user (value 1, stability 0.5): of those that pass all "
        "gates the one with the highest weighted mean."
    )
    assert judged.endswith("in the time held back: 80 of 100 that can be told.")


def test_rules_by_hand_are_not_said_to_be_chosen():
    chosen = row(4, 0.51, chosen=True) | {"algorithm": "rules"}
    grid = row(8, 0.65, reference=True) | {"algorithm": "RFM grid"}
    (said,) = _sentences(chosen, [chosen, grid], {"method": "out-of-time"}, 3)
    assert said == (
        "The 4 segments are rules written by hand; nothing was chosen. By how well they tell "
        "what customers did in the time held back they reach 51 of 100 that can be told, "
        "the RFM grid 65."
    )
    chosen["P"] = None
    (said,) = _sentences(chosen, [chosen], {"method": "profile"}, 3)
    assert said.endswith("How much they tell of later behaviour was not measured.")


def test_another_way_to_find_segments_is_named_where_it_would_reach_more():
    chosen = row(6, 0.91, chosen=True)
    mixture = row(12, 0.924, "a segment of 65 customers") | {"algorithm": "gaussian-mixture"}
    grid = row(8, 0.65, reference=True) | {"algorithm": "RFM grid"}
    first, why = _sentences(chosen, [chosen, mixture, grid], {"method": "out-of-time"}, 3)
    assert "3 candidates (k-means, Gaussian mixture; for comparison RFM grid) by how" in first
    assert why.startswith(
        "12 segments by Gaussian mixture would reach 92, but with a segment of 65"
    )


def test_what_natural_groups_went_before_is_told_with_its_figure():
    chosen = row(6, 0.49, chosen=True)
    more = row(12, 0.55, "its groups are less clearly there than those of the chosen one")
    _, why, _ = _sentences(chosen, [chosen, more], {"method": "leave-one-out"}, 17)
    assert why == (
        "12 segments would reach 55, but their groups are less clearly there: natural groups go "
        "before a higher figure."
    )


def test_nobody_is_told_of_more_than_all_that_can_be_told():
    lucky = Candidate(
        "kmeans", "RFM", 3, Score(1.04, 0.97, 1.1), None, substantial=True, model=None
    )
    (told,) = candidate_rows(Selection(lucky, (lucky,), {}, "out-of-time"), None).to_pylist()
    assert (told["P"], told["ci"]) == (1.0, [0.97, 1.0])
