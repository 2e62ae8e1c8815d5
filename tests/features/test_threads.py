"""One thread for every library that has threads, and all as before when the work is done."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
import sklearn  # noqa: F401  its libraries are those that matter
from threadpoolctl import threadpool_info, threadpool_limits

from coterie.features import threads
from coterie.features.threads import one_thread


def counts() -> list[int]:
    return [library["num_threads"] for library in threadpool_info()]


def test_within_all_have_one_thread_and_after_what_they_had() -> None:
    with threadpool_limits(2):
        before = counts()
        with one_thread():
            assert set(counts()) == {1}
        assert counts() == before
        assert 2 in before


def test_libraries_are_looked_for_again_only_when_a_module_has_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one_thread()
    searched = threads._libraries.cache_info().misses
    one_thread()
    assert threads._libraries.cache_info().misses == searched
    monkeypatch.setitem(sys.modules, "a_module_that_came", ModuleType("a_module_that_came"))
    one_thread()
    assert threads._libraries.cache_info().misses == searched + 1
