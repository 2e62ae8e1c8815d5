"""Odd but readable input: the same customers and the same money, however it is written."""

import re

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


def run(folder, capsys, monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["coterie", "run", "--project", str(folder), *words])
    code = 0
    try:
        cli.main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


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
