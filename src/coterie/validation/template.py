"""The commented ``coterie.toml`` and the DVC pipeline that ``coterie init`` writes.

A source that lacks a needed column is written as comments, so that the other
sources run and the file says what is missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import PurePosixPath

from coterie.sources.base import Source
from coterie.validation.proposal import AttributeProposal, Proposal

METRICS = "metrics.json"
"""Where the DVC pipeline puts what ``coterie run --json`` prints."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_GLOB = re.compile(r"[*?\[]")
_READING = ("format", "separator", "encoding", "sheet", "database", "relation", "query")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def toml_string(text: str) -> str:
    r"""Write a text as a TOML string.

    Examples
    --------
    >>> print(toml_string('5" disc\\new'))
    "5\" disc\\new"
    """
    return f'"{"".join(_escape(char) for char in text)}"'


def toml_key(name: str) -> str:
    """Write a name as a TOML key: bare where TOML allows it, else quoted.

    Examples
    --------
    >>> print(toml_key("CUST_ID"), toml_key("Marital status"))
    CUST_ID "Marital status"
    """
    return name if _BARE.fullmatch(name) else toml_string(name)


def _escape(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    return f"\\u{ord(char):04X}" if ord(char) < 0x20 or ord(char) == 0x7F else char


def project_toml(
    name: str, proposals: Sequence[tuple[Source, Proposal]], *, dvc: bool = False
) -> str:
    """Write the commented ``coterie.toml`` of a new project.

    Parameters
    ----------
    name : str
        Name of the project.
    proposals : sequence of (Source, Proposal)
        Where each file lies and how it is to be read (the fields of ``Source``
        that say so: ``file``, ``separator``, ``database`` …), and what it seems to hold.
    dvc : bool, default False
        Whether a ``dvc.yaml`` lies beside the file; only a comment.

    Returns
    -------
    str
        Valid TOML in the format of the configuration, ending in a line break.

    Examples
    --------
    >>> text = project_toml("demo", [])
    >>> import tomllib
    >>> tomllib.loads(text)["project"]
    {'name': 'demo', 'timezone': 'UTC'}
    """
    tables = {found.table for _, found in proposals if not found.missing}
    parts = [
        _head(proposals, dvc=dvc),
        _project(name, [found for _, found in proposals]),
        *_sources(proposals),
        *_columns(proposals),
        _segmentation(tables, [found for _, found in proposals]),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _comment(text: str) -> str:
    """Make one comment line of a text, whatever a column name in it contains."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return f"# {printable}".rstrip()


def _head(proposals: Sequence[tuple[Source, Proposal]], *, dvc: bool) -> list[str]:
    count = "one source" if len(proposals) == 1 else f"{len(proposals)} sources"
    rows = sum(found.rows for _, found in proposals)
    lines = [
        _comment(f"What coterie init made of {count} with {rows:,} rows."),
        _comment("Each choice says why and how sure it is: sure, check (please look) or guess."),
    ]
    if dvc:
        lines.append(_comment(f"dvc repro runs it and keeps the figures in {METRICS}."))
    return lines


def _project(name: str, proposals: Sequence[Proposal]) -> list[str]:
    codes = {found.currency: found.currency_why for found in proposals if found.currency}
    lines = [
        "[project]",
        f"name = {toml_string(name)}",
        _comment("check: times without a zone are read in this one"),
        'timezone = "UTC"',
    ]
    if not codes:
        return [*lines, _comment("PLEASE SAY: the data do not tell it"), '# currency = "EUR"']
    code, why = next(iter(codes.items()))
    more = f" (but also: {', '.join(list(codes)[1:])})" if len(codes) > 1 else ""
    return [*lines, _comment(why + more), f"currency = {toml_string(code)}"]


def _sources(proposals: Sequence[tuple[Source, Proposal]]) -> list[list[str]]:
    parts: list[list[str]] = []
    used: dict[str, int] = {}
    for source, found in proposals:
        if found.table is None:
            place = source.file or source.relation or source.query
            parts.append([_comment(f"{place} is not used: {found.why}.")])
            continue
        used[found.table] = used.get(found.table, 0) + 1
        count = used[found.table]
        name = found.table if count == 1 else f"{found.table}_{count}"
        parts.append(_source(name, source, found))
    return parts


def _source(name: str, source: Source, found: Proposal) -> list[str]:
    lines = [
        f"[sources.{name}]",
        _comment(f"{found.sure}: {found.rows:,} rows of {found.table}; {found.why}"),
    ]
    lines += [_comment(note) for note in found.notes]
    if name != found.table:
        lines.append(f"table = {toml_string(found.table or '')}")
    if source.file:
        lines.append(f"file = {toml_string(source.file)}")
    lines += [f"{k} = {toml_string(v)}" for k in _READING if (v := getattr(source, k))]
    lines += _mapping_lines(found)
    if found.time_question:
        first, second = found.time_formats or ("%d/%m/%Y", "%m/%d/%Y")
        lines.append(_comment(f"PLEASE SAY: {found.time_question}. Take one of these two lines:"))
        lines += [_comment(f"timestamp_format = {toml_string(f)}") for f in (first, second)]
    if found.table == "orders":
        lines += _order_lines(found)
    if not found.missing:
        return lines
    why = [_comment(f"NOT USABLE YET: {missing.why}.") for missing in found.missing]
    hint = _comment("Name the columns and take the marks off the lines below, or leave it out.")
    return [*why, hint, *(line if line.startswith("#") else f"# {line}" for line in lines)]


def _mapping_lines(found: Proposal) -> list[str]:
    lines = []
    for proposed in found.columns:
        seen = f", such as {', '.join(proposed.examples)}" if proposed.examples else ""
        what = f"{proposed.sure}: {proposed.column} is {proposed.user_column!r}"
        lines.append(_comment(f"{what}: {proposed.why}{seen}"))
    mapping = found.mapping()
    if found.table == "customers":
        lines.append(f"key = {toml_string(mapping.pop('customer_id', '?'))}")
    elif found.missing:
        mapping = {missing.column: "?" for missing in found.missing} | mapping
    if mapping:
        pairs = ", ".join(f"{ours} = {toml_string(theirs)}" for ours, theirs in mapping.items())
        lines.append(f"columns = {{ {pairs} }}")
    if found.table != "customers" and found.unused:
        lines.append(_comment(f"not used: {', '.join(map(repr, found.unused))}"))
    return lines


def _order_lines(found: Proposal) -> list[str]:
    returns = found.returns_why or "no row has a negative quantity or amount"
    repeats = found.duplicates_why or "no row repeats another exactly"
    lines = [
        _comment(f'{returns}; "net" takes them off their sale, "drop" leaves them out'),
        'returns = "net"',
        _comment(f'{repeats}; "keep" them or "drop" them'),
        'duplicates = "keep"',
    ]
    if found.free_why:
        lines += [
            _comment(f"{found.free_why}; true counts a day with nothing else as an order day"),
            "free_orders = false",
        ]
    if found.service_codes:
        codes = ", ".join(toml_string(code) for code in found.service_codes)
        lines += [_comment(f"check: {found.service_why}"), f"service_codes = [{codes}]"]
    return lines


def _columns(proposals: Iterable[tuple[Source, Proposal]]) -> list[list[str]]:
    attributes: dict[str, AttributeProposal] = {}
    for _, found in proposals:
        if found.table == "customers" and not found.missing:
            for attribute in found.attributes:
                attributes.setdefault(attribute.user_column, attribute)
    return [_column(attribute) for attribute in attributes.values()]


def _column(attribute: AttributeProposal) -> list[str]:
    settings = attribute.settings
    if not settings:
        return [_comment(f"{attribute.sure}: {attribute.user_column!r} is {attribute.why}")]
    lines = [f"[columns.{toml_key(attribute.user_column)}]"]
    lines.append(_comment(f"{attribute.sure}: {attribute.why}"))
    for key, value in settings.items():
        text = toml_string(value) if isinstance(value, str) else f"{value:g}"
        lines.append(f"{key} = {text}")
    return lines


def _segmentation(tables: Collection[str | None], proposals: Sequence[Proposal]) -> list[str]:
    lines = ["[segmentation]"]
    if "orders" in tables:
        lines += [
            _comment("value, behaviour, demographic or geographic: what the segments are about"),
            'lens = "value"',
            _comment("how far ahead the segments must tell customers apart"),
            'horizon = "90d"',
        ]
    lines += [
        _comment('number of segments: "auto", a number or a range such as [4, 9]'),
        'k = "auto"',
        _comment("the same seed and data give the same segments"),
        "seed = 0",
    ]
    if "customers" not in tables:
        return lines
    if "orders" not in tables:
        outcomes = [repr(name) for found in proposals for name in found.outcomes]
        seen = f"; perhaps {', '.join(outcomes)}" if outcomes else ""
        lines += [_comment(f"a column that the segments should separate{seen}"), 'outcome = ""']
    names = [repr(a.user_column) for p in proposals for a in p.attributes if a.protected]
    what = f"protected attributes to use all the same; left out: {', '.join(names) or 'none seen'}"
    return [*lines, _comment(what), "include_protected = []"]


def dvc_yaml(files: Sequence[str], *, database: bool = False) -> str:
    r"""Write a DVC pipeline that runs the project when its data or settings change.

    Parameters
    ----------
    files : sequence of str
        Data files relative to the project folder. For a glob its folder is watched.
    database : bool, default False
        Whether rows also come from a database, whose changes DVC cannot see: the
        stage then always runs.

    Returns
    -------
    str
        Text of ``dvc.yaml``: one stage ``run`` whose metrics are what
        ``coterie run --json`` prints.

    Examples
    --------
    >>> print(dvc_yaml(["orders.csv"]))
    # dvc repro runs the project; dvc metrics show prints its figures.
    stages:
      run:
        cmd: coterie run --json > metrics.json
        deps:
          - "coterie.toml"
          - "orders.csv"
        metrics:
          - "metrics.json":
              cache: false
    <BLANKLINE>
    """
    deps = dict.fromkeys(["coterie.toml", *(_watched(file) for file in files)])
    lines = [
        "# dvc repro runs the project; dvc metrics show prints its figures.",
        "stages:",
        "  run:",
        f"    cmd: coterie run --json > {METRICS}",
        *(["    always_changed: true"] if database else []),
        "    deps:",
        *(f"      - {_yaml_string(dep)}" for dep in deps),
        "    metrics:",
        f"      - {_yaml_string(METRICS)}:",
        "          cache: false",
    ]
    return "\n".join(lines) + "\n"


def _watched(file: str) -> str:
    """Return the file, or for a glob the deepest folder above its first pattern."""
    parts = PurePosixPath(file.replace("\\", "/")).parts
    fixed = next((i for i, part in enumerate(parts) if _GLOB.search(part)), None)
    if fixed is None:
        return file
    return str(PurePosixPath(*parts[:fixed]))


def _yaml_string(text: str) -> str:
    """Quote for YAML, of which JSON strings are a part, and for DVC's ``${…}`` templates."""
    return json.dumps(text, ensure_ascii=False).replace("${", "\\\\${")
