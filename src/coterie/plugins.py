"""Parts found by name: our own, and those that installed packages bring as entry points.

A name of ours always means ours, and a package that claims it is reported when the names
are listed, so that a setting never changes its meaning by an installation.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from coterie.errors import CoterieError, ParameterError


def known(group: str, built_in: Mapping[str, str]) -> dict[str, EntryPoint]:
    """Return everything that can be named in a group, ours first.

    Parameters
    ----------
    group : str
        Entry point group, such as ``coterie.algorithms``.
    built_in : mapping of str to str
        Where each part of ours lies, ``{"name": "module:object"}``.

    Returns
    -------
    dict of str to EntryPoint
        By name; the plug-ins after ours, in alphabetical order.

    Raises
    ------
    ParameterError
        If an installed package claims a name of ours, or two packages the same.

    Examples
    --------
    >>> known("coterie.none", {"sum": "math:fsum"})["sum"].load()([1, 2])
    3.0
    """
    found = {name: EntryPoint(name, value, group) for name, value in built_in.items()}
    for point in sorted(entry_points(group=group), key=lambda point: (point.name, point.value)):
        other = found.setdefault(point.name, point)
        if other.value != point.value:
            raise ParameterError(
                f"Two parts are called {point.name!r}: {other.value} and {point.value}.",
                hint="Uninstall one of the packages, or ask its author for another name.",
                where=group,
            )
    return found


def check(what: str, name: str, group: str, built_in: Mapping[str, str]) -> None:
    """Refuse a name that nothing has, without loading anything.

    Parameters
    ----------
    what : str
        What is being named, for the message.
    name : str
        The name that came.
    group : str
        Entry point group.
    built_in : mapping of str to str
        Where each part of ours lies.

    Raises
    ------
    ParameterError
        With the names there are and the nearest match.
    """
    if name not in built_in:
        names = known(group, built_in)
        if name not in names:
            raise ParameterError.unknown(what, name, names)


def load(what: str, name: str, group: str, built_in: Mapping[str, str]) -> Any:
    """Return the part with this name.

    Parameters
    ----------
    what : str
        What is being named, for the message.
    name : str
        The name that came.
    group : str
        Entry point group.
    built_in : mapping of str to str
        Where each part of ours lies.

    Returns
    -------
    object
        What the entry point names.

    Raises
    ------
    ParameterError
        If the name is not known, or the package that has it cannot be loaded.
    MissingExtraError
        If the part says that it needs an extra.

    Examples
    --------
    >>> load("sum", "exact", "coterie.none", {"exact": "math:fsum"})([0.1] * 10)
    1.0
    """
    check(what, name, group, built_in)
    if name in built_in:
        return EntryPoint(name, built_in[name], group).load()
    point = known(group, built_in)[name]
    try:
        return point.load()
    except CoterieError:
        raise
    except Exception as error:
        raise ParameterError(
            f"{what}={name!r} cannot be loaded from {point.value}: {error}",
            hint="Repair or uninstall the package that brings it.",
            where=what,
        ) from error
