"""A viewer sees what many are like, and nothing of a few; an analyst sees her own data."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.bench_accounts import serving, sign_in
from coterie import Project
from coterie.service.params import ServerParams
from tests.service.conftest import ROOT

FLOOR = 25
SHOP = f"{ROOT}/shop"
CLUB = f"{ROOT}/club"
SIZES = {"Platinum": 17, "Gold": 97, "Basic": 233}
Sight = tuple[httpx.Client, dict[str, str]]


def make_club(folder: Path, sizes: dict[str, int]) -> None:
    """Write and run a club whose tiers are its segments."""
    rules = "".join(
        f'[[segmentation.rules]]\nname = "{name}"\nwhere = "tier = \'{name}\'"\n' for name in SIZES
    )
    rows = [
        f"{name[0]}{n:03},{name},{10 * len(name) + n % 13},{n % 7}"
        for name, size in sizes.items()
        for n in range(size)
    ]
    folder.mkdir(exist_ok=True)
    (folder / "club.csv").write_text("\n".join(["id,tier,points,visits", *rows]) + "\n")
    (folder / "coterie.toml").write_text(
        '[project]\nname = "Club"\n[sources.customers]\nfile = "club.csv"\nkey = "id"\n'
        f'[segmentation]\nalgorithm = "rules"\n{rules}'
    )
    Project(folder).run()


@pytest.fixture(scope="module")
def home(shop_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home of the shop, with all worked out, and of a club with a segment of 17."""
    home = tmp_path_factory.mktemp("viewed") / "home"
    shutil.copytree(shop_home, home)
    make_club(home / "club", SIZES)
    return home


@pytest.fixture(scope="module")
def both(home: Path) -> Iterator[tuple[Sight, Sight]]:
    """Yield how a viewer and an analyst ask."""
    with serving(ServerParams(home)) as (app, client):
        doors = app.state.doors
        roles = {"shop": "viewer", "club": "viewer"}
        viewer = sign_in(doors, "v@shop.example", roles=roles)
        roles = {"shop": "analyst", "club": "analyst"}
        analyst = sign_in(doors, "a@shop.example", roles=roles)
        yield (client, viewer), (client, analyst)


def ask(sight: Sight, path: str, **params: Any) -> Any:
    client, headers = sight
    answer = client.get(path, headers=headers, params=params)
    client.cookies.clear()
    assert answer.status_code == 200, answer.text
    return answer.json()


def small(data: Any, at: str = "") -> list[str]:
    """Find numbers of people from 1 to 24."""
    names = {"n", "customers", "planned", "contacts", "control", "treated", "total_customers"}
    if isinstance(data, dict):
        here = [
            f"{at}.{name}={one}"
            for name, one in data.items()
            if name in names and isinstance(one, int) and 0 < one < FLOOR
        ]
        return here + [more for name, one in data.items() for more in small(one, f"{at}.{name}")]
    if isinstance(data, list):
        return [more for n, one in enumerate(data) for more in small(one, f"{at}[{n}]")]
    return []


def test_the_segment_of_17_is_for_analysts(both):
    viewer, analyst = both
    seen = {one["name"]: one for one in ask(viewer, f"{CLUB}/segments")["items"]}
    whole = {one["name"]: one for one in ask(analyst, f"{CLUB}/segments")["items"]}
    assert {name: one["n"] for name, one in whole.items()} == SIZES
    assert {name: one["n"] for name, one in seen.items()} == SIZES | {
        "Platinum": None,
        "Gold": None,
    }
    assert seen["Platinum"]["suppressed"]
    assert "Under 25 customers" in seen["Platinum"]["n_reason"]
    few = ask(viewer, f"{CLUB}/segments/{seen['Platinum']['id']}")
    assert (few["n"], few["rule"], few["drivers"], few["importance"]) == (None, None, [], [])
    assert ask(analyst, f"{CLUB}/segments/{few['id']}")["importance"]


@pytest.mark.parametrize(
    "path",
    ["segments", "flows", "compare", "overview", "recommendations", "offers/plan", "offers/report"],
)
def test_of_a_shop_no_few_are_counted_for_a_viewer(both, path):
    viewer, analyst = both
    assert not small(ask(viewer, f"{SHOP}/{path}"))
    whole = ask(analyst, f"{SHOP}/{path}")
    if path == "offers/plan":
        assert small(whole)


def test_moves_of_a_few_are_null_in_every_matrix(both):
    viewer, analyst = both
    seen, whole = ask(viewer, f"{SHOP}/flows"), ask(analyst, f"{SHOP}/flows")
    assert (seen["suppressed"], whole["suppressed"]) == (True, False)
    for step in ("all", "by_behaviour", "by_model"):
        for one, other in zip(seen[step]["customers"], whole[step]["customers"], strict=True):
            for told, n in zip(one, other, strict=True):
                assert told in {None, n}
    assert None in seen["all"]["customers"][0]
    assert all(item["customers"] >= FLOOR for item in seen["items"])


def test_a_map_shows_a_viewer_nobody(both):
    viewer, analyst = both
    whole = ask(analyst, f"{SHOP}/map")
    seen = ask(viewer, f"{SHOP}/map")
    assert set(seen["ids"]) <= {""}
    assert (
        seen["total"] == len(seen["xs"]) < len(whole["xs"])
    )  # 111 customers: hardly 25 in a square


def test_the_page_of_a_run_is_for_all_and_what_was_worked_out_for_analysts(both):
    viewer, analyst = both
    client = viewer[0]
    for of in ("run", "value", "products", "offers", "evidence"):
        codes = []
        for sight in both:
            answer = client.get(f"{SHOP}/report", params={"of": of}, headers=sight[1])
            client.cookies.clear()
            codes.append(answer.status_code)
        assert codes == ([200, 200] if of == "run" else [403, 200])
    assert analyst != viewer


def test_two_runs_are_not_both_shown_where_a_few_came_between(home: Path, tmp_path: Path):
    place = tmp_path / "home"
    shutil.copytree(home / "club", place / "club")
    with serving(ServerParams(place)) as (app, client):
        viewer = sign_in(app.state.doors, "v@shop.example", roles={"club": "viewer"})
        first = Project(place / "club").latest.id

        def segments(run_id: str = "") -> dict[str, Any]:
            found = ask((client, viewer), f"{CLUB}/segments", run_id=run_id)
            return {one["name"]: one for one in found["items"]}

        def page(run_id: str) -> int:
            answer = client.get(f"{CLUB}/report", params={"run_id": run_id}, headers=viewer)
            client.cookies.clear()
            return answer.status_code

        assert "next_reason" in segments()["Basic"]
        assert page(first) == 200
        make_club(place / "club", SIZES | {"Gold": 100, "Basic": 300})
        second = Project(place / "club").latest.id
        now = segments()
        assert "came or went" in now["Gold"]["next_reason"]
        assert "came or went" not in str(now["Basic"])
        assert (page(first), page(second)) == (200, 409)
        # who looks again at the first sees what she saw; what she saw of Basic counts from now on
        assert "came or went" not in str(segments(first))
        make_club(place / "club", SIZES | {"Gold": 130, "Basic": 303})
        later = segments()
        assert "came or went" in later["Basic"]["next_reason"]
        assert "came or went" not in str(later["Gold"])  # 33 more than when it was shown
