"""What all tests share: where the real data lies, and a strict word on missing servers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("COTERIE_DATA") or Path(__file__).parents[2] / "shared" / "data")


@pytest.fixture(scope="session")
def data() -> Path:
    """Folder of the real data sets (``COTERIE_DATA``, else ``../shared/data``)."""
    if not DATA.is_dir():
        pytest.fail(f"No data at {DATA}; set COTERIE_DATA to the folder of the data sets.")
    return DATA
