"""Hostile input to what looks ahead: people, answers fed back, catalogues, options.

Each case begins with a copy of a project that was run before. What can be used is used
(code 0), and what leaves as CSV or on the screen obeys nobody.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from benchmarks.commands import CUSTOMERS, Forks, customers_csv
from benchmarks.hostile import Case, table
from coterie.sources.shop import SCHEMAS, write_shop

VOUCHER = '\n[[offers]]\nid = "voucher"\neligible = "visits > 10"\nvalue = 5\nresponse = 0.1\n'
PEOPLE = "id,spend,visits,plan\n"
TOUCHES = "customer_id,timestamp,offer_id,treated,responded,value,propensity\n"
FORMULA = "=cmd|' /C calc'!A0"


def club(folder: Path) -> None:
    """Write a project of a customer table and one offer."""
    (folder / "customers.csv").write_text(customers_csv())
    (folder / "coterie.toml").write_text(CUSTOMERS + VOUCHER)


def market(folder: Path) -> None:
    """Write a project of a shop's orders, with products and half a year."""
    write_shop(folder, customers=300, days=200, tables=["orders"], format="csv")
    columns = "\n".join(f'{name} = "{name}"' for name in SCHEMAS["orders"].names)
    (folder / "coterie.toml").write_text(
        f'[sources.orders]\nfile = "orders.csv"\n[sources.orders.columns]\n{columns}\n'
        "[segmentation]\nk = 2\n"
    )


PROJECTS = {"club": club, "market": market}
"""Name -> what writes it."""


def run_before(forks: Forks, folder: Path) -> dict[str, Path]:
    """Make the projects in a folder and run each; return where they lie."""
    found = {}
    for name, write in PROJECTS.items():
        found[name] = folder / name
        found[name].mkdir()
        write(found[name])
        said = forks(found[name], "run")
        assert said.code == 0, said.err
    return found


def people(name: str, says: str, rows: str, *words: str, code: int = 1, head: str = PEOPLE) -> Case:
    """Return a case of ``predict`` with rows of a file."""
    files: dict[str, str | bytes] = {"new.csv": head + rows}
    return Case(f"people {name}", ("predict", "new.csv", *words), says, files, {}, "club", code)


def typed(name: str, says: str, text: str, *words: str, code: int = 1) -> Case:
    """Return a case of ``predict`` with people as JSON."""
    return Case(f"json {name}", ("predict", text, *words), says, {}, {}, "club", code)


def columns(name: str, says: str, **values: Any) -> Case:
    """Return a case of ``predict`` with one person in a Parquet file."""
    files: dict[str, str | bytes] = {"new.parquet": table({k: [v] for k, v in values.items()})}
    return Case(f"parquet {name}", ("predict", "new.parquet"), says, files, {}, "club")


def offer(name: str, says: str, line: str, *, code: int = 1) -> Case:
    """Return a case of ``offers plan`` with one line in the offer."""
    files: dict[str, str | bytes] = {
        "coterie.toml": f'{CUSTOMERS}\n[[offers]]\nid = "voucher"\n{line}\n'
    }
    return Case(f"offer {name}", ("offers", "plan", "--json"), says, files, {}, "club", code)


def fed(name: str, says: str, rows: str | bytes, *, code: int = 1, head: str = TOUCHES) -> Case:
    """Return a case of ``feedback``."""
    content = head + rows if isinstance(rows, str) else rows
    words = ("feedback", "touches.csv", "--json")
    return Case(f"feedback {name}", words, says, {"touches.csv": content}, {}, "club", code)


def asked(says: str, *words: str, project: str = "club", code: int = 1) -> Case:
    """Return a case of options alone."""
    name = " ".join(words)[:60].encode("ascii", "backslashreplace").decode()
    return Case(name, words, says, {}, {}, project, code)


MANY = ",".join(f"c{n}" for n in range(900))
PREDICT = [
    people("empty", r"has no rows", ""),
    people("header of numbers", r"has no rows", "", head="1,2,3\n"),
    people("not numbers", r"'nan' is not a number.*'-inf' is not", "1,nan,-inf,t0\n"),
    people("beyond doubles", r"'1e400' is not a number", "1,1e400,2,t0\n"),
    people("percent", r"'5%' is not a number", "1,5%,2,t0\n"),
    people("below what can be", r"-5 is below 0", "1,-5,2,t0\n"),
    people("huge words", r"x …' was never seen", f"1,5,2,{'x' * 9_000}\n", code=0),
    people("a huge id", r"\"rows\"", f"{'x' * 9_000},5,2,t0\n", "--json", code=0),
    people("formulas", r"1 rows to o\.csv", f'"{FORMULA}",5,2,=1+1\n', "--to", "o.csv", code=0),
    people("turned text", r"�😀.*Few|Many", "\u202e😀,5,2,t\u0301\u200d\n", code=0),
    people("a zero byte", r"is not text: byte \d+ is zero", "\0,5,2,t0\n"),
    people("a doubled column", r"2 columns named 'spend'", "1,2,3\n", head="id,spend,Spend\n"),
    people("unknown columns", r"'c0' is not known.*So are 880 more", f"{MANY}\n", head=f"{MANY}\n"),
    people("markup for a column", r"'\[red\]x\[/red\]' is not known", "1,2\n",
           head="id,[red]x[/red]\n"),
    people("a file of another kind", r"Use \.csv or \.parquet", "1,5,2,t0\n", "--to", "o.xls"),
    columns("structs", r"'\{\"a\":1\}' is not a number", id=1, spend={"a": 1}, visits=2),
    columns("bytes", r"is not a number", id=b"\xff", spend=b"1", visits=b"2"),
    columns("times", r"'2020-01-01' is not a number", id=1, spend=datetime.date(2020, 1, 1)),
    columns("flags", r"'True' is not a number", id=True, spend=True, visits=False),
    columns("64 bits", r"plan is needed", id=2**63 - 1, spend=-(2**63), visits=1),
    columns("no numbers", r"'nan' is not a number", id=1, spend=float("nan"), visits=1.0),
    typed("deep lists", r"not JSON: maximum recursion", "[" * 50_000),
    typed("deep objects", r"not JSON: maximum recursion", '{"a":' * 5_000 + "1" + "}" * 5_000),
    typed("not JSON", r"not JSON", '{"spend": '),
    typed("no number", r"'nan' is not a number", '{"spend": NaN, "visits": Infinity}'),
    typed("5,000 digits", r"not JSON: Exceeds the limit", f'{{"spend": {"9" * 5_000}}}'),
    typed("4,000 digits", r"'infinite' is not a number", f'{{"spend": {"9" * 4_000}}}'),
    typed("half a character", r"\? was never seen|'\?' was never seen",
          '{"id": "\\ud800", "spend": 1, "visits": 2, "plan": "\\udfff"}', code=0),
    typed("half a character in a file", r"1 rows to o\.parquet",
          '{"id": "\\ud800", "spend": 1, "visits": 2, "plan": "\\udfff"}', "--to", "o.parquet",
          code=0),
    typed("half a name", r"is not a field of the form", '{"\\ud800": 1}'),
    typed("lists for numbers", r"'\[1\]' is not a number", '{"spend": [1], "visits": {"a": 1}}'),
    typed("a terminal's colours", r"�\[31m", '{"id": "\\u001b[31m", "spend": 1, "visits": 2, '
          '"plan": "t0"}', code=0),
    typed("nobody", r"no object", "[null]"),
    asked(r"label='x+", "predict", "--label", "x" * 9_999),
    asked(r"tiers='plan' is not known", "predict", "--tiers", "plan"),
    asked(r"NAME=VALUE", "predict", "--set", "="),
]  # fmt: skip
OFFERS = [
    offer("subquery", r"not allowed", 'eligible = "(SELECT 1)"'),
    offer("deep", r"nested too deep", f'eligible = "{"(" * 400}visits > 1{")" * 400}"'),
    offer("denials", r"nested too deep", f'eligible = "{"NOT " * 400}visits > 1"'),
    offer("long", r"At most 2,000", f'eligible = "visits > 1{" " * 3_000}"'),
    offer("a file", r"not allowed", "eligible = \"read_csv('/etc/passwd')\""),
    offer("two statements", r"exactly one expression", 'eligible = "visits > 1; DROP TABLE x"'),
    offer("by zero", r"\"ok\": true", 'eligible = "1 / 0 > visits"', code=0),
    offer("beyond doubles", r"\"ok\": true", 'eligible = "visits * 1e308 * 1e308 > 1"', code=0),
    offer("of none", r"\"ok\": true", 'eligible = "ln(visits - 1000) > 1"', code=0),
    offer("no number", r"cost must be a finite number", "cost = nan"),
    offer("no end", r"value must be a finite number", "value = inf"),
    offer("guess", r"response must be less than", "response = nan"),
    offer("share", r"control_share must be less than", "control_share = 1.5"),
    offer("capacity", r"capacity must be greater", "capacity = -1"),
    offer("huge capacity", r"\"ok\": true", f"capacity = {10**30}", code=0),
    offer("day", r"start must be a valid date", 'start = "never"'),
    offer("colours", r"name must be one line of plain text", 'name = "\\u001b[31m"'),
    offer("script", r"\"ok\": true", 'name = "<script>alert(1)</script>"', code=0),
    offer("kind", r"kind='gift' is not known", 'kind = "gift"'),
    offer("twice", r"Two offers have the id", '[[offers]]\nid = "voucher"'),
    asked(r"budget=nan\. Money", "offers", "plan", "--budget", "nan"),
    asked(r"seed=-1", "offers", "plan", "--seed", "-1"),
    asked(r"\"ok\": true", "offers", "plan", "--seed", str(10**30), "--json", code=0),
    asked(r"Day of the plan: 9999-12-31", "offers", "plan", "--as-of", "9999-12-31", code=0),
    asked(r"is no known kind", "offers", "plan", "--to", "."),
    asked(r"x{300}", "offers", "plan", "--to", f"{'x' * 300}.csv"),
]  # fmt: skip
FEEDBACK = [
    fed("empty", r"has no rows", ""),
    fed("zero bytes", r"is not text", bytes(1_000)),
    fed("a web page", r"is a web page", b"<!DOCTYPE html>"),
    fed("other columns", r"says nothing about customer_id", "1,2\n", head="a,b\n"),
    fed("no numbers", r"'value' holds no numbers", "1001,2025-01-01,voucher,1,1,nan,nan\n"),
    fed("a year of five digits", r"no times that can",
        "1001,99999-01-01,voucher,1,1,1,.5\n"),
    fed("before our era", r"no times that can be read", "1001,-4000-01-01,voucher,1,1,1,1\n"),
    fed("year 1", r"1 bad_time", "1001,0001-01-01,voucher,1,1,1,1\n"),
    fed("huge texts", r"1 too_long", f"{'x' * 20_000},2025-01-01,voucher,1,1,1,1\n"),
    fed("huge money", r"\"overflow\": 1", f"1001,2025-01-01,voucher,1,1,{'9' * 20},.5\n"
        "1001,2025-01-02,voucher,1,1,1,.5\n", code=0),
    fed("an open quote", r"a quote is not closed", '"1001,2025-01-01,voucher,1,1,1,1\n'),
    fed("no chance", r"1 bad_number", "1001,2025-01-01,voucher,1,1,1,0\n"),
    fed("formulas", r"has no offer .*=cmd", f'=1+1,2025-01-01,"{FORMULA}",1,1,1,.5\n', code=0),
    fed("turned text", r"no offer '\\\\u202e", "\u202e😀,2025-01-01,\u202e😀,1,1,1,.5\n", code=0),
    fed("many offers", r"\"accepted\": 500", "".join(
        f"1001,2025-01-01,o{n},1,1,1,.5\n" for n in range(500)), code=0),
]  # fmt: skip
SHOP = [
    asked(r"horizon='0d'\. Write 1d", "value", "--horizon", "0d", project="market"),
    asked(r"Write 1d to 730d", "value", "--horizon", "-5d", project="market"),
    asked(r"Write 1d to 730d", "value", "--horizon", "1e3d", project="market"),
    asked(r"Write 1d to 730d", "value", "--horizon", f"{'9' * 5_000}d", project="market"),
    asked(r"Write 1d to 730d", "value", "--horizon", "😀", project="market"),
    asked(r"no customer|No customer", "value", "--customer", "'; DROP", project="market"),
    asked(r"No customer has the id", "value", "--customer", "\udcff", project="market"),
    asked(r"No customer has the id", "value", "--customer", "x" * 50_000, project="market"),
    asked(r"Use \.csv or \.parquet", "value", "--to", "value.xls", project="market"),
    asked(r"need orders", "value"),
    asked(r"Nothing is known of", "recommend", "'; DROP", project="market", code=0),
    asked(r"Nothing is known of", "recommend", "\udcff", project="market", code=0),
    asked(r"Nothing is known of", "recommend", "\u202e😀", project="market", code=0),
    asked(r"There is no folder", "recommend", "--to", "none/all.csv", project="market"),
    asked(r"need orders", "recommend", "1001"),
    asked(r"segment='zz' is not known", "products", "zz", project="market"),
    asked(r"segment=.* is not known", "products", "\udcff", project="market"),
    asked(r"segment='x+", "products", "x" * 50_000, project="market"),
    asked(r"need orders", "products"),
]  # fmt: skip
AHEAD = (*PREDICT, *OFFERS, *FEEDBACK, *SHOP)
"""All of them."""
