"""Hostile and broken input to files, settings and expressions, one line a case.

Every case must be refused by the command line in one clear message. What is odd but can
be used is no case.
"""

from __future__ import annotations

import gzip
import io
import os
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

Content = str | bytes | Callable[[], bytes]
"""What is in a file; what takes seconds to pack is made when it is written."""
HEAD = "customer,date,amount,order\n"
ROWS = "A,2023-01-0{n},5.00,o{n}\nB,2023-02-0{n},6.00,p{n}\n"
LINES = HEAD + "".join(ROWS.format(n=n) for n in range(1, 10))


@dataclass(frozen=True)
class Case:
    """What lies in the folder, what is called, and what must be said."""

    name: str
    words: tuple[str, ...]
    says: str
    """Regular expression, looked for in the message."""
    files: dict[str, Content] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    project: str = ""
    """Key of ``PROJECTS``: a project that was run before; empty: none."""
    code: int = 1
    """Exit code; with 0 the input can be used, and the word is looked for in the answer."""

    def write(self, folder: Path) -> None:
        """Write the files."""
        for name, content in self.files.items():
            made = content() if callable(content) else content
            (folder / name).write_bytes(made.encode() if isinstance(made, str) else made)


def packed(unpacked: int) -> bytes:
    """Return a gzip file of order lines that unpacks to so many bytes."""
    row = b"A,2023-01-01,5.00,o1\n" * 50_000
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb") as file:
        file.write(HEAD.encode())
        for _ in range(unpacked // len(row)):
            file.write(row)
    return buffer.getvalue()


def zipped(*files: tuple[str, bytes]) -> bytes:
    """Return a zip file of these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()


def workbook_bomb() -> bytes:
    """Return a workbook whose only sheet unpacks to 2.1 GB of blanks."""
    book, buffer = io.BytesIO(), io.BytesIO()
    openpyxl.Workbook().save(book)
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if "sheet1" not in name:
                new.writestr(name, old.read(name))
        with new.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for _ in range(300):
                sheet.write(b" " * 7_000_000)
    return buffer.getvalue()


def table(columns: dict[str, Any]) -> bytes:
    """Return a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return bytes(sink.getvalue().to_pybytes())


def init(name: str, says: str, file: str, content: Content | None) -> Case:
    """Return a case of ``coterie init``; without content there is no such file."""
    return Case(f"init {name}", ("init", file), says, {} if content is None else {file: content})


INIT = [
    init("no such file", r"There is no file orders\.csv\. The folder is empty", "orders.csv", None),
    init("an empty file", r"x\.csv is empty", "x.csv", ""),
    init("blank lines", r"x\.csv is empty", "x.csv", "\n\n\n"),
    init("a byte order mark alone", r"x\.csv is empty", "x.csv", b"\xef\xbb\xbf"),
    init("a header alone", r"x\.csv has no rows", "x.csv", HEAD),
    init("binary junk", r"x\.csv is not text", "x.csv", random.Random(1).randbytes(50_000)),
    init("zero bytes", r"x\.csv is not text: byte 0 is zero", "x.csv", bytes(1_000)),
    init("a picture", r"is not text", "x.csv", b"\x89PNG\r\n\x1a\n" + bytes(500)),
    init("a PDF", r"x\.csv is a PDF\. Export", "x.csv", b"%PDF-1.7\n"),
    init("a web page", r"x\.csv is a web page", "x.csv", "<!DOCTYPE html><p>404"),
    init("old Excel", r"legacy or password-protected", "x.xls", b"\xd0\xcf\x11\xe0" + bytes(600)),
    init("a folder", r"is a folder\. Name a file in it", ".", None),
    init("cut gzip", r"is damaged", "x.csv.gz", gzip.compress(LINES.encode())[:-40]),
    init("no gzip", r"is not a gz file, whatever its name says", "x.csv.gz", LINES),
    init("gzip bomb", r"unpacks to more than 200 times", "x.csv.gz",
         partial(packed, 160_000_000)),
    init("two in a zip", r"holds 2 files: a, b", "x.zip", zipped(("a", b"a"), ("b", b"b"))),
    init("zip in gzip", r"itself packed", "x.gz", gzip.compress(zipped(("a", b"a")))),
    init("zip bomb", r"more than 200 times", "x.zip",
         lambda: zipped(("a.csv", b"a,b\n" * 40_000_000))),
    init("no workbook", r"is damaged or not what", "x.xlsx", b"PK\x03\x04" + bytes(300)),
    init("no Parquet", r"cannot be read as Parquet", "x.parquet", b"PAR1junkPAR1"),
    init("Parquet no columns", r"x\.parquet has no columns", "x.parquet", table({})),
    init("Parquet no rows", r"x\.parquet has no rows", "x.parquet", table({"a": pa.array([])})),
    init("a doubled column", r"has 2 columns named 'a'", "x.csv", "a,A,b\n1,2,3\n"),
    init("a nameless column", r"columns without a name: number 2", "x.csv", "a,,b\n1,2,3\n"),
    init("rows too wide", r"Line 2: 3 fields where the header has 2", "x.csv", "a,b\n1,2,3\n"),
    init("columns by thousands", r"has 5,000 columns", "x.csv", ",".join(map(str, range(5_000)))),
    Case("init over a project", ("init", "x.csv"), "coterie.toml is there already",
         {"x.csv": LINES, "coterie.toml": "# mine"}),
    Case("init into a file", ("init", "x.csv", "-p", "x.csv"), "File exists", {"x.csv": LINES}),
    Case("init a name that is no text", ("init", os.fsdecode(b"x\xff.csv")),
         r"not written in UTF-8.*Rename it", {os.fsdecode(b"x\xff.csv"): LINES}),
]  # fmt: skip

TOML = """
[sources.orders]
file = "orders.csv"
columns = { customer_id = "customer", timestamp = "date", amount = "amount", order_id = "order" }
"""


def settings(name: str, says: str, toml: str | bytes) -> Case:
    """Return a case of ``coterie run`` with these settings."""
    return Case(f"toml {name}", ("run",), says, {"orders.csv": LINES, "coterie.toml": toml})


def more(name: str, says: str, section: str, line: str) -> Case:
    """Return a case of good settings with one line added to a section."""
    at = TOML.replace("[sources.orders]\n", f"[sources.orders]\n{line}\n")
    return settings(name, says, at if section == "source" else f"{TOML}\n[{section}]\n{line}\n")


def expression(name: str, says: str, what: str, expr: str) -> Case:
    """Return a case of a feature or measure of the user's own."""
    head = {"features": 'label = "A"', "measures": 'over = "orders"\nreduce = "sum"'}[what]
    return settings(
        f"{what} {name}", says, f'{TOML}\n[[{what}]]\nname = "a"\n{head}\nexpr = "{expr}"\n'
    )


NESTED = "(" * 400 + "1" + ")" * 400
SETTINGS = [
    Case("no project", ("run",), r"There is no coterie\.toml in .*coterie init FILE"),
    settings("not TOML", r"not valid TOML: Expected '\]'", "[sources\n"),
    settings("not text", r"not valid TOML: 'utf-8'", b"\xff\xfe"),
    settings("nested by thousands", "not valid TOML", "a = " + "[" * 5_000),
    settings("empty", r"no sources\. Make them: coterie init", ""),
    settings("unknown section", r"Did you mean 'segmentation'\?", f"{TOML}[segmentatoin]\nk = 3"),
    settings("no section", r"sources must be a section", "sources = 3"),
    settings("unknown table", r"does not say which table", TOML.replace("orders]", "oders]")),
    more("unknown key", r"sed is not a known setting.*mean 'seed'", "segmentation", "sed = 1"),
    more("wrong type", r"seed must be a whole number \(given: 'x'\)", "segmentation", 'seed = "x"'),
    more("huge seed", r"seed must be less than", "segmentation", f"seed = {10**40}"),
    more("negative seed", r"seed must be greater", "segmentation", "seed = -1"),
    more("unknown lens", r"lens='valu'.*Did you mean 'value'", "segmentation", 'lens = "valu"'),
    more("unknown algorithm", r"mean 'kmeans'", "segmentation", 'algorithm = "kmean"'),
    more("k of 1", r"k=1\. k is 'auto', 2 to 50, or a range", "segmentation", "k = 1"),
    more("k of words", r"k=many\. k is 'auto'", "segmentation", 'k = "many"'),
    more("k huge", r"k is 'auto', 2 to 50", "segmentation", f"k = {10**60}"),
    more("k not a number", r"k=nan\. k is 'auto'", "segmentation", "k = nan"),
    more("k from the end", r"k=\[9, 4\]\. k is", "segmentation", "k = [9, 4]"),
    more("horizon", r"horizon='90'\. Write 1d to 730d", "segmentation", 'horizon = "90"'),
    more("unknown outcome", r"outcome='zz' is not known", "segmentation", 'outcome = "zz"'),
    more("unknown protected", r"include_protected='zz'", "segmentation",
         'include_protected = ["zz"]'),
    more("time zone", r"timezone not a time zone.*UTC or Europe/London", "project",
         'timezone = "../../etc/passwd"'),
    more("unknown column", r"columns='zz' is not known\. Known: none", "columns.zz",
         'kind = "number"'),
    more("kind", r"Did you mean 'number'\?", "columns.zz", 'kind = "numbre"'),
    more("bounds", r"min = 9 above max = 1", "columns.zz", "min = 9\nmax = 1"),
    more("no bound", r"min must be a finite number", "columns.zz", "min = nan"),
    settings("memory", r"memory_limit must be written like 4GB", f'memory_limit = "lots"\n{TOML}'),
    settings("memory huge", r"like 4GB", f'memory_limit = "{10**15}TB"\n{TOML}'),
    settings("memory tiny", r"raise the memory limit", f'memory_limit = "1KB"\n{TOML}'),
    settings("threads", r"threads must be less than", f"threads = {10**20}\n{TOML}"),
    more("separator", r"separator=';' leaves orders\.csv with one column; ',' gives 4", "source",
         'separator = ";"'),
    more("encoding", r"encoding='klingon' is not known", "source", 'encoding = "klingon"'),
    more("other encoding", r"cannot be read as utf-16", "source", 'encoding = "utf-16"'),
    more("encoding of hosts", r"cannot be read as idna", "source", 'encoding = "idna"'),
    more("form of times", r"is not a strptime format", "source", 'timestamp_format = "%Q"'),
    more("wrong form", r"No value of column 'date' is written as", "source",
         'timestamp_format = "%d.%m.%Y"'),
    more("two places", r"needs either file or database", "source", 'database = "sqlite:x"'),
    settings("no file", r"Did you mean 'orders\.csv'", TOML.replace("orders.csv", "order.csv")),
    settings("a URL", r"There is no file https:", TOML.replace("orders.csv", "https://x.y/z.csv")),
    settings("a zero byte", r"There is no file a", TOML.replace("orders.csv", "a\\u0000b")),
    settings("a long name", r"There is no file aaa", TOML.replace("orders.csv", "a" * 5_000)),
    settings("no database", r"There is no SQLite file", TOML.replace(
        'file = "orders.csv"', 'database = "sqlite:none.db"\nrelation = "a"')),
    settings("a database's URL", r"NOPE is not set", TOML.replace(
        'file = "orders.csv"', 'database = "env:NOPE"\nrelation = "a"')),
    settings("renamed column", r"no column 'day' \(mapped to timestamp\).*It has: customer, date",
             TOML.replace('"date"', '"day"')),
    settings("doubly mapped", r"mapped twice: ", TOML.replace('"order" ', '"customer" ')),
    settings("unknown mapping", r"Did you mean 'order_id'", TOML.replace("order_id", "oder_id")),
    expression("nested", "nested too deep", "features", NESTED),
    expression("nested", "nested too deep", "measures", NESTED),
    expression("signs", "nested too deep", "features", "- " * 400 + "1"),
    expression("sum", "nested too deep", "features", "1+" * 400 + "1"),
    expression("long", "At most 2,000", "features", "1" * 3_000),
    expression("function", "not allowed", "features", "read_csv('/etc/passwd')"),
    expression("subquery", "not allowed", "features", "(SELECT 1)"),
    expression("two", "exactly one expression", "features", "1; DROP TABLE lines"),
    expression("text", "features are made of numbers", "features", "'x'"),
    expression("cast", "features are made of numbers", "features", "CAST('x' AS BIGINT)"),
    expression("column", r"'recenzy' is not known.*mean 'recency'", "features", "recenzy"),
    expression("fraction", "makes fractions", "measures", "net_micros / 2"),
    expression("overflow", "larger than 64 bits", "measures", f"net_micros * {9 * 10**18}"),
    settings("taken name", "taken or not a plain name", f"{TOML}[[features]]\n"
             'name = "customer_id"\nlabel = "A"\nexpr = "1"\n'),
    Case("a variable's value", ("run",), "COTERIE_THREADS: threads must be a whole number",
         {"coterie.toml": TOML}, env={"COTERIE_THREADS": "two"}),
    Case("a variable's name", ("run",), r"Did you mean COTERIE_THREADS\?",
         {"coterie.toml": TOML}, env={"COTERIE_TREADS": "2"}),
    Case("a variable's form", ("run",), r"COTERIE_SEGMENTATION is not JSON",
         {"coterie.toml": TOML}, env={"COTERIE_SEGMENTATION": "{k"}),
]  # fmt: skip


def orders(name: str, says: str, *words: str, **columns: str) -> Case:
    """Return a case of ``coterie run`` with one value in every row, by column."""
    rows = [line.split(",") for line in LINES.splitlines()]
    for column, value in columns.items():
        at = rows[0].index(column)
        for n, row in enumerate(rows[1:]):
            row[at] = value.format(n=n, n12=n % 12 + 1, m12=n * 5 % 12 + 1)
    text = "\n".join(",".join(row) for row in rows) + "\n"
    return Case(f"data {name}", ("run", *words), says, {"orders.csv": text, "coterie.toml": TOML})


MIXED = HEAD + "".join(f"A{n},{'13/02' if n % 2 else '02/13'}/2023,5.00,o{n}\n" for n in range(20))
MONIES = HEAD + "".join(f"A{n},2023-01-01,{'£$'[n % 2]}5.00,o{n}\n" for n in range(20))
FAR = LINES + "A,2099-01-01,5.00,o99\n"
DATA = [
    orders("words for money", r"'amount' holds no numbers: 'cheap'", amount="cheap"),
    orders("no money", r"'amount' holds no numbers: 'nan'", amount="nan"),
    orders("no spend", r"0 of 2 customers can be segmented; at least 2", amount="0"),
    orders("too much money", r"None of the 18 rows of orders.*overflow", amount="9" * 20),
    orders("returns alone", r"0 of 2 customers can be segmented", amount="-5"),
    orders("words for times", r"holds no times that can be read: 'soon'", date="soon"),
    orders("no times", r"None of the 18 rows of orders can be used: 18 missing_key", date=""),
    orders("two ways to read", r"cannot be told apart.*Say which comes first: timestamp_format",
           date="{n12:02d}/{m12:02d}/2023"),
    orders("guests alone", r"0 of 0 customers can be segmented", customer=""),
    orders("one customer", r"1 of 1 customers can be segmented; at least 2", customer="A"),
    orders("all alike", r"No column is left.*all values are equal", date="2023-01-01",
           amount="5", customer="C{n}", order="o{n}"),
    orders("a zero byte", r"is not text: byte \d+ is zero", customer="A\0"),
    orders("long texts", r"None of the 18 rows.*too_long", order="x" * 10_001),
    orders("before all data", r"as_of=2000-01-01 lies before all rows\. From 2023-01-02", "--as-of",
           "2000-01-01"),
    Case("data header alone", ("run",), "orders.csv has no rows",
         {"orders.csv": HEAD, "coterie.toml": TOML}),
    Case("data mixed dates", ("run",), r"10 values have the day first and 10 the month first",
         {"orders.csv": MIXED, "coterie.toml": TOML}),
    Case("data two currencies", ("run",), r"several currencies: USD in 10 rows, GBP in 10 rows",
         {"orders.csv": MONIES, "coterie.toml": TOML}),
    Case("data far future", ("run",), r"1 row .*2099-01-01.*\(orders:19\).*--as-of 2023-02-10",
         {"orders.csv": FAR, "coterie.toml": TOML}),
    Case("data a workbook bomb", ("init", "x.xlsx"), r"x\.xlsx", {"x.xlsx": workbook_bomb}),
]  # fmt: skip


def left(folder: Path) -> list[str]:
    """Name all that lies in a folder but the lock and the registry, which hold nothing yet.

    Nor what was kept whole for the next call: checked tables, predictions and feedback.
    """
    kept = (".coterie/data/", ".coterie/predictions/", ".coterie/feedback/")
    known = (".gitignore", "lock", "coterie.db", "coterie.db-shm", "coterie.db-wal")
    return sorted(
        name
        for path in folder.rglob("*")
        if path.is_file()
        and path.name not in known
        and not (name := path.relative_to(folder).as_posix()).startswith(kept)
    )
