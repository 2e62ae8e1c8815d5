"""Who customers are: ids in place of pseudonyms, and the names that are kept apart.

It is asked for by whoever writes to customers; nothing that a run makes needs it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pyarrow as pa

from coterie.config import Settings
from coterie.errors import DataError, NotReadyError, ParameterError
from coterie.privacy.identities import Identities
from coterie.privacy.keys import Keys, existing_keys
from coterie.privacy.person import ID
from coterie.privacy.pseudonyms import Pseudonyms
from coterie.store.home import Home


def people_of(settings: Settings, home: Home) -> Identities:
    """Return what identifies the customers of a project.

    Parameters
    ----------
    settings : Settings
        Of the project.
    home : Home
        Its folder.

    Returns
    -------
    Identities
        By the ids that runs have.

    Raises
    ------
    NotReadyError
        If it is not kept, or no run has taken it yet.
    """
    people = Identities(home.path, existing_keys(home.path) or Keys(()))
    if not settings.privacy.sealed:
        raise NotReadyError(
            "Names are not kept in this project.", hint="Set sealed = true in [privacy], and run."
        )
    if not people.path.is_file():
        raise NotReadyError("No run has kept names yet.", hint="Make one: coterie run")
    return people


def look_up(settings: Settings, home: Home, ids: Collection[str]) -> dict[str, dict[str, str]]:
    """Return what identifies some customers.

    Parameters
    ----------
    settings : Settings
        Of the project.
    home : Home
        Its folder.
    ids : collection of str
        As runs have them, or as in the data.

    Returns
    -------
    dict
        Id as asked -> column -> text, of those who are known.

    Raises
    ------
    NotReadyError
        If it is not kept.
    DataError
        If the key is another one.
    """
    people = people_of(settings, home)
    found = people.of(ids)
    lost = [one for one in ids if one not in found]
    names = Pseudonyms(home.path, people.keys)
    if lost and names.path.is_file():
        known = names.all()
        aliases = {known[one]: one for one in lost if one in known}
        found |= {aliases[alias]: told for alias, told in people.of(aliases).items()}
    return found


def identify(
    settings: Settings, home: Home, table: pa.Table, columns: Sequence[str] = ()
) -> pa.Table:
    """Return a list as whoever writes to its customers needs it.

    Parameters
    ----------
    settings : Settings
        Of the project.
    home : Home
        Its folder.
    table : pyarrow.Table
        With a column ``customer_id``.
    columns : sequence of str, optional
        Of what is kept apart; they are put behind the others.

    Returns
    -------
    pyarrow.Table
        The same rows, with ids in place of pseudonyms.

    Raises
    ------
    DataError
        If there is no such column, or a pseudonym is not known.
    ParameterError
        If a column is not kept.
    """
    if ID not in table.column_names:
        raise DataError(
            "The table has no column customer_id.", allowed=", ".join(table.column_names)
        )
    told = table[ID].cast(pa.string()).to_pylist()
    keys = existing_keys(home.path)
    names = Pseudonyms(home.path, keys or Keys(()))
    if names.path.is_file() or not columns:
        known = names.identities(told)
        lost = [one for one in told if one not in known]
        if lost:
            raise DataError(
                f"{len(lost):,} of {len(told):,} are no pseudonyms of this project, such as "
                f"{lost[0]!r}.",
                hint="Erased people are not known any more; without pseudonyms = true ids are ids.",
            )
        place = table.schema.get_field_index(ID)
        own = pa.array([known[one] for one in told], pa.string())
        table = table.set_column(place, ID, own)
    if columns:
        people = people_of(settings, home)
        for name in columns:
            if name not in people.columns:
                raise ParameterError.unknown("column", name, people.columns)
        found = people.of(set(told))
        for name in columns:
            texts = [found.get(one, {}).get(name) for one in told]
            table = table.append_column(name, pa.array(texts, pa.string()))
    return table
