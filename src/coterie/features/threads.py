"""One BLAS and OpenMP thread for what is fitted, so that its bytes are those of any machine.

To find the libraries that have threads takes milliseconds, hundreds of times a run, so
they are remembered; a library comes with a module, so new modules are a reason to look again.
"""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # ships no types


def one_thread() -> AbstractContextManager[Any]:
    """Return a context in which BLAS and OpenMP have one thread.

    The limit of BLAS holds for the process, that of OpenMP for the thread that asks.

    Examples
    --------
    >>> with one_thread():
    ...     float(sum([0.5, 0.25]))
    0.75
    """
    limited: AbstractContextManager[Any] = _libraries(len(sys.modules)).limit(limits=1)
    return limited


@lru_cache(maxsize=1)
def _libraries(modules: int) -> ThreadpoolController:
    """Return the libraries with threads that a process with so many modules has loaded."""
    del modules
    import sklearn  # noqa: F401  loads its libraries: one that came later would have no limit

    return ThreadpoolController()
