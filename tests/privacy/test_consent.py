"""Who did not agree is planned no offer, and is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from coterie import Project
from coterie.engine.duckdb import DuckDB
from coterie.errors import ParameterError
from coterie.privacy.consent import Consent, find_consent
from coterie.profiling.export_rows import customer_rows

OFFER = '[[offers]]\nid = "back"\nvalue = 9.0\nresponse = 0.1\ncontrol_share = 0.0\n'


@pytest.mark.parametrize(
    ("refuses", "agreed"),
    [(False, [True, False, False, True, False]), (True, [False, True, True, False, True])],
)
def test_who_says_nothing_has_not_agreed_and_has_not_refused(
    refuses: bool, agreed: list[bool]
) -> None:
    with DuckDB() as db:
        db.create(
            "t", "SELECT * FROM (VALUES (1,'yes'), (2,'no'), (3,NULL), (4,'1'), (5,'')) t(n, c)"
        )
        found = db.rows(f"SELECT {Consent('c', refuses).sql} FROM t ORDER BY n")
    assert [one for (one,) in found] == agreed


def test_a_column_is_found_by_its_name_and_refusals_win() -> None:
    assert find_consent(["age", "content"]) is None
    assert find_consent(["Opt-In"]) == Consent("Opt-In", refuses=False)
    assert find_consent(["opt_in", "Unsubscribed"]) == Consent("Unsubscribed", refuses=True)
    assert find_consent(["opt_in", "mail_ok"], "mail_ok") == Consent("mail_ok", refuses=False)
    with pytest.raises(ParameterError, match="mail_okay"):
        find_consent(["mail_ok"], "mail_okay")


def test_a_plan_leaves_out_who_did_not_agree_and_counts_them(tmp_path: Path) -> None:
    rows = [f"c{n:02},{n % 7},{n % 3},{'no' if n < 5 else 'yes'}" for n in range(40)]
    (tmp_path / "cards.csv").write_text("\n".join(["id,spend,visits,opt_in", *rows]))
    (tmp_path / "coterie.toml").write_text(
        f'[sources.customers]\nfile = "cards.csv"\nkey = "id"\n{OFFER}'
    )
    project = Project(tmp_path)
    assert project.run().table("assignments").num_rows == 40
    plan = project.plan_offers()
    assert "Held back 5: no consent (opt_in)." in plan.summary["notes"]
    planned = set(plan.table["customer_id"].to_pylist())
    assert planned
    assert planned.isdisjoint({f"c{n:02}" for n in range(5)})
    held = project.held_back()
    assert held.to_pylist() == [f"c{n:02}" for n in range(5)]
    rows = [row for batch in customer_rows(project.latest, held=held) for row in batch.to_pylist()]
    assert [row["customer_id"] for row in rows] == [f"c{n:02}" for n in range(5, 40)]
