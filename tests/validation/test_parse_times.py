from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError, ParameterError
from coterie.validation.fields import Field, column_types
from coterie.validation.parse_times import day_of, hour_of, read_time

NAIVE = datetime(2010, 12, 1, 8, 26, tzinfo=UTC).replace(tzinfo=None)


def parse(db, raw_of, values, *, timezone="UTC", form=""):
    raw = raw_of("orders", {"x": values})
    kind = column_types(db, raw.relation)["x"]
    column = read_time(
        db, Field(raw.relation, "x", kind, "x"), timezone=timezone, timestamp_format=form
    )
    rows = db.rows(
        f"SELECT strftime(CAST({column.value} AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%g'), "
        f"{column.status} FROM {raw.relation} AS r"
    )
    names = {1: "missing", 2: "bad", 3: "ambiguous"}
    return [value.removesuffix(".000") if not status else names[status] for value, status in rows]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2010-12-01 08:26:00"], "2010-12-01 08:26:00"),
        (["2010-12-01"], "2010-12-01 00:00:00"),
        (["2010/12/1 8:26"], "2010-12-01 08:26:00"),
        (["2010-12-01T08:26:00.250"], "2010-12-01 08:26:00.250"),
        (["2010-12-01T08:26:00Z"], "2010-12-01 08:26:00"),
        (["2010-12-01T08:26:00+02:00"], "2010-12-01 06:26:00"),
        (["2010-12-01 08:26:00 -0500"], "2010-12-01 13:26:00"),
        (["19970131"], "1997-01-31 00:00:00"),
        (["19970131T101112"], "1997-01-31 10:11:12"),
        (["03-04-2011", "31-01-2011"], "2011-04-03 00:00:00"),
        (["03/04/2011 8:05", "01/31/2011 20:05"], "2011-03-04 08:05:00"),
        (["03.04.2011 08:05:09", "31.01.2011 00:00:00"], "2011-04-03 08:05:09"),
        (["03/04/11", "31/01/11"], "2011-04-03 00:00:00"),
        (["12/31/2011 1:05 PM"], "2011-12-31 13:05:00"),
        (["1291191960"], "2010-12-01 08:26:00"),
        (["1291191960250"], "2010-12-01 08:26:00.250"),
        (["1 Dec 2010"], "2010-12-01 00:00:00"),
        (["December 1, 2010 08:26"], "2010-12-01 08:26:00"),
        (["01-Dec-10"], "2010-12-01 00:00:00"),
        ([20101201, 20101202], "2010-12-01 00:00:00"),
        ([1291191960.0], "2010-12-01 08:26:00"),
        ([date(2010, 12, 1)], "2010-12-01 00:00:00"),
        ([NAIVE], "2010-12-01 08:26:00"),
        ([datetime(2010, 12, 1, 8, 26, tzinfo=UTC)], "2010-12-01 08:26:00"),
    ],
)
def test_times_are_read_as_people_write_them(db, raw_of, values, expected):
    assert parse(db, raw_of, values)[0] == expected


def test_a_day_order_that_no_value_tells_is_asked_for(db, raw_of):
    with pytest.raises(DataError, match=r"cannot be told apart.*'03/04/2011'.*timestamp_format"):
        parse(db, raw_of, ["03/04/2011", "05/06/2011"])
    assert parse(db, raw_of, ["03/04/2011"], form="%d/%m/%Y") == ["2011-04-03 00:00:00"]
    assert parse(db, raw_of, ["03/03/2011"]) == ["2011-03-03 00:00:00"]  # both orders agree


def test_a_column_that_mixes_both_orders_is_asked_for(db, raw_of):
    with pytest.raises(DataError, match="1 values have the day first and 1 the month first"):
        parse(db, raw_of, ["31/01/2011", "01/31/2011"])


def test_the_few_that_fit_only_the_other_order_are_ambiguous(db, raw_of):
    got = parse(db, raw_of, ["31/01/2011"] * 40 + ["01/31/2011", "40/40/2011", "", None, "soon"])
    assert got[39:] == ["2011-01-31 00:00:00", "ambiguous", "bad", "missing", "missing", "bad"]


def test_all_values_are_read_not_a_sample(db, raw_of):
    got = parse(db, raw_of, ["03/04/2011"] * 30_000 + ["04/13/2011"])
    assert got[0] == "2011-03-04 00:00:00"


def test_impossible_dates_and_years_are_bad(db, raw_of):
    got = parse(db, raw_of, ["2011-02-30", "0011-01-01", "2011-02-28", "infinity"])
    assert got == ["bad", "bad", "2011-02-28 00:00:00", "bad"]


def test_a_column_without_times_is_refused(db, raw_of):
    with pytest.raises(DataError, match="holds no times that can be read: 'mug'"):
        parse(db, raw_of, ["mug"])


def test_a_wrong_timestamp_format_is_refused(db, raw_of):
    with pytest.raises(ParameterError, match="not a strptime format"):
        parse(db, raw_of, ["2011"], form="%Q")
    with pytest.raises(DataError, match="No value of column 'x' is written as"):
        parse(db, raw_of, ["2011-01-01"], form="%d/%m/%Y")


def test_times_without_zone_are_in_the_projects_zone(db, raw_of):
    london = {"timezone": "Europe/London"}
    assert parse(db, raw_of, ["2024-07-01 00:30:00"], **london) == ["2024-06-30 23:30:00"]
    assert parse(db, raw_of, ["2024-07-01T00:30:00Z"], **london) == ["2024-07-01 00:30:00"]
    # 01:30 does not exist on the night the clocks go forward; it must not raise
    assert parse(db, raw_of, ["2024-03-31 01:30:00"], **london) == ["2024-03-31 01:30:00"]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.datetimes(NAIVE - timedelta(days=20_000), NAIVE + timedelta(days=20_000)),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from(["UTC", "Europe/London", "America/New_York", "Asia/Kolkata"]),
)
def test_day_and_hour_are_those_of_the_zone(times, zone):
    exact = [time.replace(tzinfo=UTC) for time in times]
    with DuckDB() as db:
        db.load("t", pa.table({"ts": pa.array(exact, pa.timestamp("us", tz="UTC"))}))
        got = db.rows(f"SELECT {day_of('ts', zone)}, {hour_of('ts', zone)} FROM t")
    local = [time.astimezone(ZoneInfo(zone)) for time in exact]
    assert got == [((t.date() - date(1970, 1, 1)) // timedelta(days=1), t.hour) for t in local]
