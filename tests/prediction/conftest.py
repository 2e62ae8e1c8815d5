"""Classifiers are fitted under one thread, as the product fits them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Limit BLAS and OpenMP for all tests here."""
    with threadpool_limits(1):
        yield
