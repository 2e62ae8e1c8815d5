"""A shop with two runs, predictions and a plan, made once for all tests that only read."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import httpx

from coterie import Project
from coterie.sources.shop import SCHEMAS, write_shop
from coterie.store.home import Home

SHOP = "/api/v1/projects/shop"
OFFERS = """
[[offers]]
id = "back"
name = "Come back"
eligible = "recency > 60"
capacity = 40
value = 9.0
response = 0.05
contact_days = 1

[[offers]]
id = "all"
cost = 0.5
value = 2.0
response = 0.1
contact_days = 1
"""


def make_shop(folder: Path) -> Project:
    """Make it, with two runs, and nothing worked out beyond them."""
    tables = ["orders", "events", "texts", "touches"]
    write_shop(folder, customers=150, days=300, seed=3, tables=tables)
    sources = "".join(
        f'[sources.{name}]\nfile = "{name}.parquet"\ncolumns = {{ '
        + ", ".join(f'{column} = "{column}"' for column in SCHEMAS[name].names)
        + " }\n"
        for name in tables
    )
    (folder / "coterie.toml").write_text(
        f'[project]\nname = "Shop"\ncurrency = "EUR"\n{sources}'
        f'[segmentation]\nk = 3\nalgorithm = ["kmeans"]\n{OFFERS}'
    )
    project = Project(folder)
    project.run(as_of=date(2025, 11, 1))
    with Home(folder).registry() as registry:
        row = registry.published()
        assert row is not None
        registry.serve(row)
    project.run()
    return project


def work_out(project: Project) -> None:
    """Make its predictions and its plan."""
    project.value()
    project.products()
    project.plan_offers()
    project.offers_report()


def get(client: httpx.Client, path: str, **params: Any) -> dict[str, Any]:
    """Return an answer that must be one."""
    found = client.get(f"{SHOP}{path}", params=params)
    assert found.status_code == 200, found.text
    return dict(found.json())


def walk(client: httpx.Client, path: str, **params: Any) -> list[dict[str, Any]]:
    """Return the items of all pages."""
    items, cursor = [], ""
    while True:
        page = get(client, path, **params, cursor=cursor)
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            assert len(items) == page["total"]
            return items
