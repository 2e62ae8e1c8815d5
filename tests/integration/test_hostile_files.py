"""Bad input: one clear message, exit code 1, nothing half-written."""

import gzip
import re
from pathlib import Path

import pytest

from coterie import cli

ORDERS = """
[sources.orders]
file = "orders.csv"
columns = { customer_id = "customer", timestamp = "date", amount = "amount", order_id = "order" }
"""


def orders(n=80, *, customer="c{c}", date="2024-{m:02}-{d:02}", amount="{a}.50"):
    lines = ["customer,order,date,amount"]
    for i in range(n):
        values = {"c": i % 20, "m": 1 + i % 12, "d": 1 + i % 28, "a": 5 + i % 40}
        cells = (customer, f"o{i}", date, amount)
        lines.append(",".join(cell.format(**values) for cell in cells))
    return "\n".join(lines) + "\n"


def swapped(old, new):
    return orders().replace(old, new)


NESTED = "(" * 400 + "orders" + ")" * 400

CASES = {
    "no such file": (None, "", "orders.csv"),
    "an empty file": ("", "", "empty"),
    "a header only": ("customer,order,date,amount\n", "", "no rows"),
    "the wrong separator": (orders().replace(",", ";"), 'separator = ","', "separator"),
    "binary junk": (bytes(range(256)) * 40, "", "text"),
    "not really gzip": (orders(), "gz", "not a gz file"),
    "a column missing": (swapped("amount\n", "sum\n"), "", "amount"),
    "a column doubled": (swapped("order,date", "date,date"), "", "date"),
    "days and months that can be swapped": (
        "customer,order,date,amount\n"
        + "".join(f"c{i % 9},o{i},0{1 + i % 9}/0{1 + i % 7}/2024,5\n" for i in range(60)),
        "",
        "timestamp_format",
    ),
    "no amount is a number": (orders(amount="x{a}"), "", "amount"),
    "every date is nonsense": (orders(date="soon"), "", "date"),
    "one row dated 2099": (orders() + "c1,o99,2099-01-01,5\n", "", "2099-01-01"),
    "a single customer": (orders(customer="c1"), "", "customer"),
    "an unknown key": (orders(), 'retruns = "net"', "returns"),
    "an unknown lens": (orders(), '[segmentation]\nlens = "valu"', "value"),
    "k of 1": (orders(), "[segmentation]\nk = 1", "2 to 50"),
    "a horizon of years": (orders(), '[segmentation]\nhorizon = "3y"', "730d"),
    "an unknown time zone": (orders(), '[project]\ntimezone = "Mars/Base"', "time zone"),
    "not TOML": (orders(), "][", "TOML"),
    "an expression nested 400 deep": (
        orders(),
        f'[[features]]\nname = "deep"\nlabel = "x"\nexpr = "{NESTED}"',
        "nested too deep",
    ),
    "a measure nested 400 deep": (
        orders(),
        f'[[measures]]\nname = "deep"\nover = "orders"\nexpr = "{NESTED}"',
        "nested too deep",
    ),
    "a feature that reads a file": (
        orders(),
        '[[features]]\nname = "spy"\nlabel = "x"\nexpr = "read_text(\'/etc/passwd\')"',
        "not allowed",
    ),
    "a feature with a name that is taken": (
        orders(),
        '[[features]]\nname = "recency"\nlabel = "x"\nexpr = "orders"',
        "taken",
    ),
}


def run(folder, capsys, monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["coterie", "run", "--project", str(folder), *words])
    code = 0
    try:
        cli.main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def left_behind(folder: Path):
    """Return what lies in .coterie besides the lock and the registry."""
    home = folder / ".coterie"
    kept = ("lock", "coterie.db", ".gitignore")
    return [p for p in home.rglob("*") if p.is_file() and not p.name.startswith(kept)]


@pytest.mark.parametrize("name", CASES)
def test_one_clear_message_and_nothing_half_written(name, tmp_path, capsys, monkeypatch):
    text, settings, words = CASES[name]
    config = ORDERS
    if settings == "gz":
        config, settings = ORDERS.replace("orders.csv", "orders.csv.gz"), ""
    if text is not None:
        path = tmp_path / ("orders.csv.gz" if ".gz" in config else "orders.csv")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (tmp_path / "coterie.toml").write_text(config + settings + "\n")
    code, out, error = run(tmp_path, capsys, monkeypatch)
    assert code == 1, (out, error)
    assert "Traceback" not in error
    assert words.lower() in error.lower()
    assert error.count("Error: ") == 1
    assert [p for p in left_behind(tmp_path) if "runs" in p.parts] == []
    assert [p for p in left_behind(tmp_path) if ".tmp-" in str(p)] == []


def test_a_far_row_is_settled_by_as_of(tmp_path, capsys, monkeypatch):
    (tmp_path / "orders.csv").write_text(orders(400) + "c1,o9999,2099-01-01,5\n")
    (tmp_path / "coterie.toml").write_text(ORDERS)
    code, _, error = run(tmp_path, capsys, monkeypatch, "--as-of", "2025-01-01")
    assert code == 0, error


@pytest.mark.parametrize(
    "changed",
    [{"amount": "{a},50"}, {"amount": "£{a}.50"}, {"customer": "{c}.0"}, {"customer": "000{c}"}],
)
def test_written_otherwise_but_the_same_money(changed, tmp_path, capsys, monkeypatch):
    text = orders(1_200, **changed)
    if "," in changed.get("amount", ""):
        text = re.sub(r"(\d+),50\n", r'"\1,50"\n', text)
    (tmp_path / "orders.csv").write_bytes(text.encode())
    (tmp_path / "coterie.toml").write_text(ORDERS)
    code, _, error = run(tmp_path, capsys, monkeypatch)
    assert code == 0, error
    from coterie.store.results import published_run

    features = published_run(tmp_path).table("features")
    ids = features.column("customer_id").to_pylist()
    spent = sum(features.column("monetary").to_pylist())
    assert spent == pytest.approx(sum(5 + i % 40 + 0.5 for i in range(1_200)))
    wanted = changed.get("customer", "c{c}").replace(".0", "")
    assert sorted(ids) == sorted(wanted.format(c=c) for c in range(20))


def test_a_gzip_bomb_is_stopped(tmp_path, capsys, monkeypatch):
    line = b"c1,o1,2024-01-01,1.00\n" * 40_000
    with gzip.open(tmp_path / "orders.csv.gz", "wb", compresslevel=9) as file:
        file.write(b"customer,order,date,amount\n")
        for _ in range(400):
            file.write(line)
    (tmp_path / "coterie.toml").write_text(ORDERS.replace("orders.csv", "orders.csv.gz"))
    code, _, error = run(tmp_path, capsys, monkeypatch)
    assert code == 1
    assert "Traceback" not in error
