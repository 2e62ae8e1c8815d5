"""Names that users give: kept in the registry, so that they outlive runs and models."""

from __future__ import annotations

from pathlib import Path

from coterie.errors import ParameterError
from coterie.profiling.names import MAX_WORDS
from coterie.store.home import Home
from coterie.store.results import published_run

MAX_LETTERS = 60


def rename_segment(folder: Path, segment_id: str, name: str) -> None:
    """Give a segment a name that stays with its id.

    Parameters
    ----------
    folder : Path
        The project folder.
    segment_id : str
        Of a segment of the published run.
    name : str
        One to four words that no other segment has. Empty takes back the name given before:
        the segment keeps it until the naming rule finds another at a refit.

    Raises
    ------
    ParameterError
        If the segment is not known or the name will not do.
    """
    known = {segment["id"]: segment["name"] for segment in published_run(folder).segments}
    if segment_id not in known:
        raise ParameterError.unknown("segment", segment_id, known)
    given = " ".join(name.split())
    if len(given.split()) > MAX_WORDS or len(given) > MAX_LETTERS or not given.isprintable():
        raise ParameterError(
            f"name={name!r}.", allowed=f"A name has up to {MAX_WORDS} words, {MAX_LETTERS} letters."
        )
    taken = {text.casefold(): other for other, text in known.items() if other != segment_id}
    if given.casefold() in taken:
        raise ParameterError(f"{taken[given.casefold()]} is called {given!r} already.")
    home = Home(folder)
    with home.alone(), home.registry() as registry:
        registry.rename(segment_id, given)
