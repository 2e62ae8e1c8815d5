"""What came of offers, as events: one touch each, and told as if it had come by a file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from benchmarks.bench_accounts import serving
from coterie import Project
from coterie.pipeline.feedback import streamed_touches
from coterie.service.params import ServerParams
from coterie.store.home import Home
from coterie.streaming.canonical import Reading
from coterie.streaming.messages import read_batch
from tests.service.happening import SHOP, send

CONTACT = {
    "type": "touch",
    "offer_id": "all",
    "channel": "email",
    "timestamp": "2025-12-30T10:00:00Z",
    "treated": True,
    "propensity": 0.8,
}


def test_answers_that_come_as_events_tell_what_a_file_tells(shop: Path, tmp_path: Path) -> None:
    (shop_a, shop_b) = (Path(shutil.copytree(shop, tmp_path / n)) for n in ("home", "other"))
    people = [f"c{n:06}" for n in range(1, 41)]
    contacts = [
        CONTACT | {"id": f"m{n}", "touch_id": f"t{n}", "customer_id": who, "treated": n % 5 > 0}
        for n, who in enumerate(people)
    ]
    answers = [
        one | {"id": f"a{n}", "responded": n % 3 == 0, "value": 2.5}
        for n, one in enumerate(contacts)
    ]
    with serving(ServerParams(shop_a)) as (_, client):
        came = send(client, *contacts)
        assert (came["accepted"], came["late"], came["moves"]) == (40, 0, 0)
        # The answer counts, whenever the contact is told again.
        send(client, *answers[:30])
        assert send(client, *contacts, contacts[0] | {"id": "again"})["repeated"] == 40
        entries = client.get(f"{SHOP}/customers/{people[3]}/timeline").json()["items"]
        (told,) = [one for one in entries if one["id"] == "t3"]
        assert (told["kind"], told["offer_id"], told["responded"]) == ("touch", "all", True)
        # An answer that was fed by a file is not lost to a contact that comes by the stream.
        late = CONTACT | {"touch_id": "late", "customer_id": people[3]}
        late |= {"responded": True, "value": 2.5}
        late.pop("type")
        assert client.post(f"{SHOP}/feedback", json={"rows": [late]}).status_code == 201
        send(client, CONTACT | {"id": "late", "customer_id": people[3]})
        entries = client.get(f"{SHOP}/customers/{people[3]}/timeline").json()["items"]
        assert [one["responded"] for one in entries if one["id"] == "late"] == [True]
    project, other = Project(shop_a / "shop"), Project(shop_b / "shop")
    rows = answers[:30] + contacts[30:]
    (tmp_path / "t.jsonl").write_text(
        "\n".join(
            json.dumps({k: v for k, v in row.items() if k not in ("id", "type")}) for row in rows
        )
    )
    fed = other.feedback(tmp_path / "t.jsonl")
    (tmp_path / "late.jsonl").write_text(json.dumps(late))
    other.feedback(tmp_path / "late.jsonl")
    with Home(shop_a / "shop").registry() as registry:
        streamed = streamed_touches(registry)
    streamed = streamed.filter(pc.not_equal(streamed["touch_id"], "late"))
    assert streamed.to_pylist() == pq.read_table(fed.folder / "touches").to_pylist()
    found, wanted = (one.offers_report().summary for one in (project, other))
    assert found["touches"] == wanted["touches"]
    assert found["offers"] == wanted["offers"]


@pytest.mark.parametrize(
    ("wrong", "reason", "message"),
    [
        ({"offer_id": None}, "missing_key", "offer_id is missing."),
        ({"customer_id": " "}, "missing_key", "customer_id is missing."),
        ({"propensity": 1.5}, "bad_number", "propensity does not lie between 0 and 1."),
        ({"propensity": 0}, "bad_number", "propensity is 0, and yet contacted."),
        ({"propensity": "half"}, "bad_number", "Expected float | null, got str - at propensity"),
        ({"treated": 1}, "bad_json", "Expected bool | null, got int - at treated"),
    ],
)
def test_a_touch_that_cannot_be_used_says_why(wrong: dict, reason: str, message: str) -> None:
    raw = json.dumps(CONTACT | {"id": "1", "customer_id": "anna"} | wrong).encode()
    (refused,) = read_batch([raw], Reading()).refused
    assert refused.reason == reason
    assert refused.message.startswith(message)


def test_a_touch_without_a_name_is_called_as_its_message() -> None:
    raw = json.dumps(CONTACT | {"id": "1", "customer_id": "anna", "value": 2.5}).encode()
    ts = 1767088800 * 10**6
    row = ("1", "1", "anna", ts, 20452, "all", "email", True, None, 2_500_000, 0.8)
    assert read_batch([raw], Reading()).rows["touches"] == {"1": row}
