"""Whether the same input gives the same bytes, whatever the number of threads.

The simulated shop is larger than one batch of customers and has many batches of lines:
what is small is done by one thread anyway, and would prove nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from benchmarks.bench_run import run_project
from benchmarks.figures import Outcome, Part, at_least, at_most, figure
from coterie.sources.samples import write_sample

DATA = Path(os.environ.get("COTERIE_DATA") or Path(__file__).parents[2] / "shared" / "data")
CUSTOMERS = int(os.environ.get("COTERIE_BENCH_CUSTOMERS") or 130_000)
THREADS = (1, 2, 4)
KEPT = ("runs", "data")
"""What lasts of a project; ``log.jsonl`` in it holds the clock."""

RETAIL = """\
[project]
name = "online-retail"
timezone = "Europe/London"
currency = "GBP"
[sources.orders]
file = "online_retail.csv.gz"
service_codes = ["POST", "DOT", "M", "C2", "D", "S", "BANK CHARGES", "AMAZONFEE", "CRUK", "PADS"]
[sources.orders.columns]
customer_id = "CustomerID"
order_id = "InvoiceNo"
timestamp = "InvoiceDate"
product_id = "StockCode"
product_name = "Description"
quantity = "Quantity"
unit_price = "UnitPrice"
country = "Country"
"""


@figure("R6")
def same_bytes() -> Outcome:
    """Run each project with 1, 2 and 4 threads, for SQL and for linear algebra."""
    parts: list[Part] = []
    for name, make in (("Online Retail", _retail), ("simulated shop", _shop)):
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder))
            found = [_contents(Path(folder), threads) for threads in THREADS]
        names = sorted(set().union(*found))
        different = [n for n in names if len({files.get(n) for files in found}) > 1]
        for file in different:
            print(f"{name}: {file} differs", flush=True)
        parts.append(at_most(f"files that differ, {name}", len(different), 0))
        parts.append(at_least(f"files compared, {name}", len(names), 10))
    parts.append(at_least("customers of the simulated shop", CUSTOMERS, 130_000))
    return Outcome(
        f"a run on an empty project with {', '.join(map(str, THREADS))} threads; names and bytes "
        f"of all in {' and '.join(KEPT)} but log.jsonl (run ids are names)",
        tuple(parts),
    )


def _retail(folder: Path) -> None:
    shutil.copy(DATA / "online_retail" / "online_retail.csv.gz", folder)
    (folder / "coterie.toml").write_text(RETAIL, encoding="utf-8")


def _shop(folder: Path) -> None:
    write_sample("shop", folder, customers=CUSTOMERS)


def _contents(folder: Path, threads: int) -> dict[str, str]:
    """Run, and return the SHA-256 of every file that lasts."""
    variables = ("COTERIE_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    run_project(folder, **dict.fromkeys(variables, str(threads)))
    home = folder / ".coterie"
    files = (path for kept in KEPT for path in (home / kept).rglob("*"))
    return {
        path.relative_to(home).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file() and path.name != "log.jsonl"
    }
