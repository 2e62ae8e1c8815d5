"""What one file holds on a person, and the same file without it.

Her rows go; a sentence that names her stays without her name. A file that holds nothing of her is
not written again, so its bytes stay.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from coterie.privacy.person import ALONE, Person
from coterie.store.runs import row_groups, to_json

Mask = NDArray[np.bool_]
GONE = object()
"""Stands for a part of JSON that is hers alone."""
_TEXT_NODE = re.compile(r"(?<=>)[^<>]+(?=<)")
_REFUSED = {"table", "source", "row", "reason", "message", "raw"}
_AROUND = 60


@dataclass(frozen=True)
class Found:
    """What a file holds on somebody: her rows, and the sentences that name her."""

    rows: tuple[dict[str, Any], ...] = ()
    named: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows) + len(self.named)


def sift_parquet(path: Path, target: Path | None, person: Person) -> Found:
    """Find the rows of a person in a Parquet file, and write it again without them.

    Parameters
    ----------
    path : Path
        The file.
    target : Path or None
        Where it is written if it holds anything of her; None only looks.
    person : Person
        Who is looked for.

    Returns
    -------
    Found
        Her rows with all their columns, in the order of the file.
    """
    file = pq.ParquetFile(path)
    try:
        found = [_sift(group, person) for group in _groups(file)]
        rows = [row for _, mine, _ in found for row in mine]
        named = [text for _, _, texts in found for text in texts]
        if target is not None and (rows or named):
            codec = "zstd"
            if file.metadata.num_row_groups and file.metadata.row_group(0).num_columns:
                codec = file.metadata.row_group(0).column(0).compression.lower()
            with pq.ParquetWriter(
                target,
                file.schema_arrow,
                compression="none" if codec == "uncompressed" else codec,
            ) as writer:
                kept = (
                    batch
                    for group, (mask, _, texts) in zip(_groups(file), found, strict=True)
                    for batch in _without(group, mask, person if texts else None).to_batches()
                )
                for table in row_groups(pa.RecordBatchReader.from_batches(file.schema_arrow, kept)):
                    writer.write_table(table)
    finally:
        file.close()
    return Found(tuple(rows), tuple(named))


def sift_table(table: pa.Table, person: Person) -> tuple[pa.Table, Found]:
    """Return a table without what it holds on a person.

    Parameters
    ----------
    table : pyarrow.Table
        Any.
    person : Person
        Who is looked for.

    Returns
    -------
    (pyarrow.Table, Found)
        The rows of others, and as for ``sift_parquet``.
    """
    hers, rows, texts = _sift(table, person)
    return _without(table, hers, person if texts else None), Found(tuple(rows), tuple(texts))


def _groups(file: pq.ParquetFile) -> Iterator[pa.Table]:
    for number in range(file.num_row_groups):
        yield file.read_row_group(number)


def _sift(table: pa.Table, person: Person) -> tuple[Mask, list[dict[str, Any]], list[str]]:
    """Return which rows are hers, these rows, and texts of others that name her."""
    hers = np.zeros(table.num_rows, dtype=bool)
    named = np.zeros(table.num_rows, dtype=bool)
    refused = set(table.column_names) >= _REFUSED
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name in person.columns:
            hers |= _equal(_as_text(column), [*person.ids, f"{person.id}.0", f"'{person.id}"])
        elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            needles = [*person.marks, *person.ids[1:]]
            if refused or len(person.id) >= ALONE:
                needles.append(person.id)
            for needle in needles:
                named |= _mask(pc.match_substring(column, needle, ignore_case=True))
    doubtful = np.flatnonzero(named & ~hers)
    texts = []
    for row in doubtful.tolist():
        one = table.slice(row, 1).to_pylist()[0]
        if _refused_is_hers(one, person) if refused else person.is_hers(one):
            hers[row] = True
        else:
            texts += [t for t in one.values() if isinstance(t, str) and _is_named(t, person)]
    mine = table.filter(pa.array(hers)).to_pylist() if hers.any() else []
    return hers, mine, texts


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.utf8_trim_whitespace(column.cast(pa.string()))


def _equal(column: pa.ChunkedArray, values: Collection[str]) -> Mask:
    return _mask(pc.is_in(column, value_set=pa.array(list(values), pa.string())))


def _mask(found: Any) -> Mask:
    chunks = found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found])
    return np.asarray(pc.fill_null(chunks, False).to_numpy(), dtype=bool)


def _is_named(text: str, person: Person) -> bool:
    return person.redacted(text, foreign=True) != text


def _refused_is_hers(row: dict[str, Any], person: Person) -> bool:
    """Return whether a refused row is hers: by its column of ids, or by a word of a broken row."""
    try:
        raw = json.loads(row["raw"] or "")
    except ValueError:
        raw = None
    if isinstance(raw, dict):
        known = person.columns & raw.keys()
        if known and any(raw[name] not in {None, ""} for name in known):
            return person.is_hers(raw)
        return any(person.is_named(v) for v in raw.values()) or person.is_hers(raw)
    return any(person.is_mentioned(f" {row[name] or ''} ") for name in ("raw", "message")) or any(
        person.is_named(word.strip("\"' ")) for word in re.split(r"[,;\t|]", row["raw"] or "")
    )


def _without(table: pa.Table, hers: Mask, named: Person | None) -> pa.Table:
    """Return the rows of others; of ``named`` they say nothing."""
    kept = table.filter(pa.array(~hers)) if hers.any() else table
    if named is None:
        return kept
    for place, field in enumerate(kept.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            texts = [
                t if t is None else named.redacted(t, foreign=True)
                for t in kept.column(place).to_pylist()
            ]
            kept = kept.set_column(place, field, pa.array(texts, field.type))
    return kept


def sift_json(data: Any, person: Person, more: Collection[str] = ()) -> tuple[Any, Found]:
    """Return JSON without what it holds on a person.

    Parameters
    ----------
    data : Any
        JSON.
    person : Person
        Who is looked for.
    more : collection of str, optional
        Further words that go, such as what was said of her rows.

    Returns
    -------
    (Any, Found)
        The rest (``GONE`` if nothing is left), objects that were hers, texts that named her.

    Examples
    --------
    >>> sift_json({"items": [{"customer_id": 7}, {"customer_id": 70}]}, Person("7"))[0]
    {'items': [{'customer_id': 70}]}
    """
    rows: list[dict[str, Any]] = []
    named: list[str] = []

    def clean(part: Any) -> Any:
        if isinstance(part, dict):
            if any(
                not isinstance(part[n], dict | list) and person.is_named(part[n])
                for n in person.columns & part.keys()
            ):
                rows.append(part)
                return GONE
            kept = {clean_text(name): clean(value) for name, value in part.items()}
            return {name: None if value is GONE else value for name, value in kept.items()}
        if isinstance(part, list):
            cleaned = [clean(one) for one in part if not is_her(one)]
            return [one for one in cleaned if one is not GONE]
        return clean_text(part) if isinstance(part, str) else part

    def is_her(one: Any) -> bool:
        if isinstance(one, str) and (one in person.ids or one in person.marks):
            named.append(one)
            return True
        return False

    def clean_text(text: str) -> str:
        left = person.redacted(text, more)
        if left != text:
            named.append(text)
        return left

    return clean(data), Found(tuple(rows), tuple(named))


def sift_json_file(
    path: Path, target: Path | None, person: Person, more: Collection[str] = ()
) -> Found:
    """Do the same for a file of ours, and write it to ``target`` if that changes it.

    Parameters
    ----------
    path, target, person
        As for ``sift_parquet``.
    more : collection of str, optional
        As for ``sift_json``.

    Returns
    -------
    Found
        As for ``sift_json``.
    """
    left, found = sift_json(json.loads(path.read_text(encoding="utf-8")), person, more)
    if found and target is not None:
        target.write_text(to_json({} if left is GONE else left), encoding="utf-8", newline="")
    return found


def sift_page(path: Path, target: Path | None, person: Person, more: Collection[str] = ()) -> Found:
    """Do the same for a page or a text: what names her is replaced where people read it.

    Parameters
    ----------
    path, target, person
        As for ``sift_parquet``.
    more : collection of str, optional
        Further words that go.

    Returns
    -------
    Found
        The words around each place.
    """
    text = path.read_text(encoding="utf-8")
    escaped = [html.escape(words) for words in more] + [*more]
    named: list[str] = []

    def clean(node: re.Match[str]) -> str:
        left = person.redacted(node[0], escaped)
        if left != node[0]:
            named.append(" ".join(node[0].split())[: 4 * _AROUND])
        return left

    page = path.suffix == ".html"
    left = (_TEXT_NODE if page else re.compile(r"[^\n]+")).sub(clean, text)
    if named and target is not None:
        target.write_text(left, encoding="utf-8", newline="")
    return Found((), tuple(named))
