"""Independent pieces of work on all cores, each under one BLAS and OpenMP thread.

A library that splits one sum over threads gives other bits on another machine; whole
pieces side by side give the same bytes and use the cores as well.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar

from coterie.features.threads import one_thread

T = TypeVar("T")
R = TypeVar("R")

_MOST: ContextVar[int | None] = ContextVar("most", default=None)


@contextmanager
def at_most(threads: int | None) -> Iterator[None]:
    """Limit ``each`` within this context to a number of threads; None is all cores.

    Examples
    --------
    >>> with at_most(1):
    ...     each(abs, [-1, 2])
    [1, 2]
    """
    token = _MOST.set(threads)
    try:
        yield
    finally:
        _MOST.reset(token)


def each(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Do ``work`` on every item, several at once, and return the results in order.

    Parameters
    ----------
    work : callable
        Takes one item. What it does must not depend on the other items.
    items : iterable
        What to work on.

    Returns
    -------
    list
        The same at any number of threads. The first error, in the order of the items,
        is raised.

    Examples
    --------
    >>> each(len, ["a", "bc"])
    [1, 2]
    """
    todo = list(items)
    threads = min(_MOST.get() or _cores(), len(todo))

    def alone(item: T) -> R:
        with one_thread():
            return work(item)

    if threads < 2:
        return [alone(item) for item in todo]
    with one_thread(), ThreadPoolExecutor(threads) as pool:
        asked = [pool.submit(copy_context().run, alone, item) for item in todo]
        try:
            return [future.result() for future in asked]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def aside() -> Iterator[Callable[..., Future[Any]]]:
    """Give a function that starts a piece of work in one more thread, which ends with the context.

    Both threads work under one BLAS and OpenMP thread, a limit that only the process has.

    Examples
    --------
    >>> with aside() as begin:
    ...     begun = begin(len, "ab")
    ...     len("abc") + begun.result()
    5
    """
    with one_thread(), ThreadPoolExecutor(1) as pool:
        yield lambda work, *args: pool.submit(copy_context().run, work, *args)


def _cores() -> int:
    """Return the cores that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(allowed(0)) if allowed else os.cpu_count() or 1
