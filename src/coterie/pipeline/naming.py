"""What users decide: names of segments, and which run is published; the registry keeps both."""

from __future__ import annotations

from pathlib import Path

from coterie.errors import ParameterError
from coterie.segmentation.released import load_released
from coterie.segmentation.wishes import NAMES, will_name
from coterie.store.home import Home
from coterie.store.results import Run, find_run, published_run


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
    run = published_run(folder)
    known = {segment["id"]: segment["name"] for segment in run.segments}
    if segment_id not in known:
        raise ParameterError.unknown("segment", segment_id, known)
    given = " ".join(name.split())
    if given and not will_name(given):
        raise ParameterError(f"name={name!r}.", allowed=NAMES)
    # A rule that nobody meets has a segment and a name, too.
    all_names = {key: s.name for key, s in load_released(run.folder).live.items()} | known
    taken = {text.casefold(): other for other, text in all_names.items() if other != segment_id}
    if given.casefold() in taken:
        raise ParameterError(f"{taken[given.casefold()]} is called {given!r} already.")
    home = Home(folder)
    with home.alone(), home.registry() as registry:
        registry.rename(segment_id, given)


def publish_run(folder: Path, name: str) -> Run:
    """Let the model of a run score from now on, after checking the run's files.

    Parameters
    ----------
    folder : Path
        The project folder.
    name : str
        A run, as for ``find_run``.

    Returns
    -------
    Run
        The published run.
    """
    run, home = find_run(folder, name), Home(folder)
    with home.alone(), home.registry() as registry:
        row = registry.find(run_id=run.id)
        if row is not None:
            registry.publish(row)
    return published_run(folder)
