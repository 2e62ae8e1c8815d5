"""Checks that a part keeps its contract, for authors of plug-ins to run in their own tests."""

from coterie.testing.algorithms import check_algorithm

__all__ = ["check_algorithm"]
