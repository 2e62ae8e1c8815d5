"""The client, against a real server with real workers."""

from __future__ import annotations

import csv
from pathlib import Path

import httpx
import pytest

from benchmarks.bench_accounts import make_key, serving
from coterie.client import Client
from coterie.errors import CoterieError, DataError, NotReadyError, ParameterError
from coterie.service.params import ServerParams
from tests.service.conftest import CARDS


@pytest.fixture
def at(client: httpx.Client) -> str:
    """Return where a server with a worker listens."""
    return str(client.base_url)


def test_from_a_file_to_segments_customers_and_answers(at: str, tmp_path: Path) -> None:
    (tmp_path / "cards.csv").write_text(CARDS)
    with Client(at) as client:
        project = client.create("cards")
        proposed = project.propose([project.upload(tmp_path / "cards.csv")])
        assert proposed["proposals"][0]["table"] == "customers"
        project.accept(proposed["toml"].replace('k = "auto"', "k = 3"))
        stages: list[str] = []
        result = project.run(tell=lambda stage, _: stages.append(stage))
        assert result["segments"] == 3
        assert stages
        assert [one["run_id"] for one in client.projects()] == [result["run_id"]]

        everybody = list(project.customers())
        assert len(everybody) == len({one["customer_id"] for one in everybody}) == 120
        known = project.segments()
        first = known[0]["id"]
        mine = list(project.customers(segment=first))
        assert len(mine) == known[0]["n"]
        assert project.customer(mine[0]["customer_id"])["segment_id"] == first
        project.rename(first, "Neue Karten")
        assert project.segments()[0]["name"] == "Neue Karten"

        person = {"spend": 3, "visits": 1, "plan": "basic"}
        (row,) = project.predict([person])["rows"]
        (tmp_path / "people.csv").write_text("spend,visits,plan\n3,1,basic\n")
        project.predict_file(tmp_path / "people.csv", tmp_path / "out.csv")
        with (tmp_path / "out.csv").open() as file:
            (line,) = csv.DictReader(file)
        assert line["segment_id"] == row["segment_id"]


def test_where_there_are_accounts_a_key_opens(tmp_path: Path) -> None:
    with serving(ServerParams(tmp_path, alone=False)) as (app, http):
        key = make_key(app.state.doors, ["admin"], "")["authorization"].removeprefix("Bearer ")
        with Client(str(http.base_url)) as nobody, pytest.raises(CoterieError, match="Sign in"):
            nobody.projects()
        with Client(str(http.base_url), key=key) as client:
            client.create("cards")
            assert [one["name"] for one in client.projects()] == ["cards"]


def test_what_is_wrong_is_raised_as_the_core_raises_it(at: str, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    with Client(at) as client:
        with pytest.raises(ParameterError, match="no name for a project"):
            client.create("No Name")
        project = client.create("cards")
        with pytest.raises(CoterieError, match="There is a project 'cards' already"):
            client.create("cards")
        with pytest.raises(DataError, match=r"empty\.csv is empty"):
            project.upload(tmp_path / "empty.csv")
        with pytest.raises(NotReadyError, match="no sources yet"):
            project.run()
        with pytest.raises(CoterieError, match="uploads"):
            project.propose([])
        with pytest.raises(CoterieError, match="There is no project 'nobody'"):
            client.project("nobody").segments()
        with pytest.raises(CoterieError, match="Not Found"):
            client.project("../cards").segments()


def test_a_server_that_is_not_there_is_said() -> None:
    nowhere = Client("http://127.0.0.1:9")
    with nowhere as client, pytest.raises(NotReadyError, match="coterie serve"):
        client.projects()
