"""A shop with two runs, predictions and a plan, made once for all tests that only read."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from coterie import Project
from coterie.sources.shop import SCHEMAS, write_shop
from coterie.store.home import Home

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
