"""How long product lists take for many customers and products, beside the library implicit.

Run by ``python -m benchmarks.bench_product_lists``; ``COTERIE_BENCH_IMPLICIT`` names a Python
that has ``implicit`` installed. Each side is a child process on the same file; what it
listed is judged by purchases that neither saw.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, save_npz

from benchmarks.children import Used, run_child
from benchmarks.figures import Outcome, at_most
from benchmarks.timing import Spread
from coterie.offers.ranking import judge

CUSTOMERS = int(os.environ.get("COTERIE_BENCH_CUSTOMERS") or 100_000)
PRODUCTS = int(os.environ.get("COTERIE_BENCH_PRODUCTS") or 10_000)
PAIRS = int(os.environ.get("COTERIE_BENCH_PAIRS") or 5)
PEER = os.environ.get("COTERIE_BENCH_IMPLICIT") or ""
PER_CUSTOMER, TASTES, TOP = 20, 50, 10
BAR_SECONDS, BAR_MEGABYTES = 120.0, 4_000.0

OURS = """
import sys
import numpy as np
from scipy.sparse import load_npz
from coterie.offers.history import History
from coterie.offers.products import Recommender
bought = load_npz(sys.argv[1]).tocoo()
rows = (bought.row, bought.col, np.zeros(bought.nnz, np.int32))
customers, products = bought.shape
history = History.of(rows, n_customers=customers, n_products=products, as_of=1)
lists = Recommender(history, n=10).lists()
np.save(sys.argv[2], lists.top(10, customers, "new"))
"""
THEIRS = """
import sys
import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender
from scipy.sparse import csr_matrix, load_npz
bought = csr_matrix(load_npz(sys.argv[1]))
if sys.argv[3] == "als":
    model = AlternatingLeastSquares(factors=64, random_state=0)
else:
    model = CosineRecommender(K=100)
model.fit(bought, show_progress=False)
listed, _ = model.recommend(np.arange(bought.shape[0]), bought, N=10)
np.save(sys.argv[2], listed)
"""


def purchases() -> tuple[csr_array, NDArray[np.int64]]:
    """Draw customers of many tastes: what is known, and what each bought afterwards."""
    random = np.random.default_rng(0)
    liking = 1 / np.arange(1, PRODUCTS + 1) ** 0.8
    shelves = [random.permutation(PRODUCTS) for _ in range(TASTES)]
    chance = np.cumsum(liking) / liking.sum()
    taste = random.integers(0, TASTES, (CUSTOMERS, 2))
    n = np.minimum(1 + random.geometric(1 / PER_CUSTOMER, CUSTOMERS), 500)
    customer = np.repeat(np.arange(CUSTOMERS), n + 2)
    which = taste[customer, random.integers(0, 2, customer.size)]
    place = np.searchsorted(chance, random.random(customer.size))
    product = np.array(shelves)[which, np.minimum(place, PRODUCTS - 1)]
    later = np.concatenate([np.diff(customer) != 0, [True]])
    later |= np.concatenate([later[1:], [False]])
    shape = (CUSTOMERS, PRODUCTS)
    ones = np.ones((~later).sum(), dtype=np.float32)
    known = csr_array((ones, (customer[~later], product[~later])), shape=shape)
    known.data[:] = 1
    keys = customer.astype(np.int64) * PRODUCTS + product
    return known, np.setdiff1d(np.unique(keys[later]), keys[~later])


def product_lists() -> Outcome:
    """Take turns with both ways of ``implicit``: alternating least squares and item cosine."""
    ways: dict[str, list[str]] = {"ours": [sys.executable, "-c", OURS]}
    if PEER:
        ways |= {name: [PEER, "-c", THEIRS] for name in ("als", "cosine")}
    used: dict[str, list[Used]] = {name: [] for name in ways}
    recall: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        known, wanted = purchases()
        save_npz(folder / "bought.npz", known)
        for pair in range(PAIRS):
            for who in sorted(ways, reverse=bool(pair % 2)):
                out = folder / f"{who}.npy"
                words = [*ways[who], str(folder / "bought.npz"), str(out), who]
                used[who].append(run_child(words, {"OPENBLAS_NUM_THREADS": "1"}))
                recall[who] = float(judge(np.load(out), wanted, PRODUCTS).recall.mean())
                last = used[who][-1]
                print(
                    f"{who}: {last.seconds:.1f} s ({last.cpu:.1f} s CPU), {last.megabytes:,.0f} "
                    f"MB, recall@10 of new products {recall[who]:.4f}",
                    flush=True,
                )
    seconds = Spread.of([one.seconds for one in used["ours"]])
    memory = Spread.of([one.megabytes for one in used["ours"]])
    for who in sorted(recall.keys() - {"ours"}):
        pairs = zip(used[who], used["ours"], strict=True)
        ratio = Spread.of([theirs.seconds / ours.seconds for theirs, ours in pairs])
        print(
            f"seconds of {who} ÷ ours: {ratio.median:.2f} "
            f"[{ratio.interval[0]:.2f}, {ratio.interval[1]:.2f}]; "
            f"recall of ours ÷ {who}: {recall['ours'] / recall[who]:.2f}"
        )
    parts = (
        at_most("lists", seconds.median, BAR_SECONDS, unit="s", interval=seconds.interval),
        at_most("peak of memory", memory.median, BAR_MEGABYTES, unit="MB"),
    )
    return Outcome(
        f"{CUSTOMERS:,} customers, {PRODUCTS:,} products, {known.nnz:,} bought; child processes, "
        f"{os.cpu_count()} cores, {PAIRS} turns; peers of implicit"
        f"{'' if PEER else ': not there, COTERIE_BENCH_IMPLICIT is not set'}",
        parts,
    )


def main() -> int:
    """Print what was measured; 1 if it falls short."""
    outcome = product_lists()
    print(outcome.protocol)
    for part in outcome.parts:
        print(f"{part.line()} {'ok' if part.ok else 'short'}")
    return 0 if outcome.ok else 1


if __name__ == "__main__":
    sys.exit(main())
