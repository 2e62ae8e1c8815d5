"""The tables of a stream: what came, level 1 and states of every customer, and who moved.

They lie beside the registry of the project, so that what came, what it changed and what is told
of it are written in one transaction.
"""

from __future__ import annotations

import sqlalchemy as sa

from coterie.store.tables import METADATA, PLAIN, Moment, project_column

SUMS = (
    "net_micros",
    "gross_micros",
    "returned_micros",
    "discount_micros",
    "units_milli",
    "lines",
    "free_lines",
)


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, PLAIN, primary_key=key, nullable=null)


def _whole(name: str, *, key: bool = False, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=key, nullable=null, autoincrement=False)


STREAMS = sa.Table(
    "streams",
    METADATA,
    project_column(primary_key=True),
    sa.Column("run_id", sa.String, nullable=False),
    sa.Column("model_id", sa.String, nullable=False),
    sa.Column("measures_hash", sa.String, nullable=False),
    _whole("watermark"),
    _whole("as_of"),
    _whole("sweeping", null=True),
    _text("swept", null=True),
    sa.Column("changed", Moment, nullable=False),
)
"""The stream of a project: the run whose model places customers, the day ``watermark`` up to which
that run saw everything, and the day up to which the stream has seen everything; while customers
are swept to a new day, that day and the last customer who was."""

COUNTS = sa.Table(
    "stream_counts",
    METADATA,
    project_column(primary_key=True),
    *(_whole(name) for name in ("accepted", "repeated", "late", "refused", "moves")),
    _whole("last_ts", null=True),
    sa.Column("at", Moment, nullable=False),
)
"""What came, in numbers. Whoever writes moves changes this row first and holds it until all is
committed, so that moves become visible in the order of their numbers."""

OFFSETS = sa.Table(
    "stream_offsets",
    METADATA,
    project_column(primary_key=True),
    sa.Column("topic", sa.String, primary_key=True),
    sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
    _whole("next"),
)
"""The next message to be read of each partition."""

STREAM_LINES = sa.Table(
    "stream_lines",
    METADATA,
    project_column(primary_key=True),
    _text("line_id", key=True),
    _text("customer_id", null=True),
    _text("order_id"),
    _whole("ts"),
    sa.Column("day", sa.Integer, nullable=False),
    sa.Column("hour", sa.Integer, nullable=False),
    _text("product_id", null=True),
    _text("product_name", null=True),
    _text("category", null=True),
    _text("channel", null=True),
    _text("country", null=True),
    _whole("quantity_milli"),
    _whole("amount_micros"),
    _whole("discount_micros"),
    sa.Column("kind", sa.String, nullable=False),
    sa.Index("stream_lines_by_customer", "project", "customer_id"),
    sqlite_with_rowid=False,
)
"""Order lines that came by the stream: ``lines`` of the contract, netted when they are read."""

STREAM_EVENTS = sa.Table(
    "stream_events",
    METADATA,
    project_column(primary_key=True),
    _text("event_id", key=True),
    _text("customer_id", null=True),
    _text("visitor_id", null=True),
    _whole("ts"),
    sa.Column("day", sa.Integer, nullable=False),
    sa.Column("hour", sa.Integer, nullable=False),
    _text("type"),
    _text("session_id", null=True),
    _text("product_id", null=True),
    _text("channel", null=True),
    _whole("value_micros", null=True),
    sqlite_with_rowid=False,
)
"""Other events that came by the stream."""

STREAM_TOUCHES = sa.Table(
    "stream_touches",
    METADATA,
    project_column(primary_key=True),
    _text("event_id", key=True),
    _text("touch_id"),
    _text("customer_id"),
    _whole("ts"),
    sa.Column("day", sa.Integer, nullable=False),
    _text("offer_id"),
    _text("channel", null=True),
    sa.Column("treated", sa.Boolean),
    sa.Column("responded", sa.Boolean),
    _whole("value_micros", null=True),
    sa.Column("propensity", sa.Float),
    sa.Index("stream_touches_by_customer", "project", "customer_id"),
    sqlite_with_rowid=False,
)
"""Contacts, and answers to them, that came by the stream: one touch may have come several times."""

LEVEL1_ORDERS = sa.Table(
    "level1_orders",
    METADATA,
    project_column(primary_key=True),
    _text("customer_id", key=True),
    _text("order_id", key=True),
    sa.Column("day", sa.Integer, nullable=False),
    sa.Column("hour", sa.Integer, nullable=False),
    _text("channel", null=True),
    *(_whole(name) for name in SUMS),
    sqlite_with_rowid=False,
)
LEVEL1_DAYS = sa.Table(
    "level1_order_days",
    METADATA,
    project_column(primary_key=True),
    _text("customer_id", key=True),
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
    *(_whole(name) for name in SUMS),
    sqlite_with_rowid=False,
)
LEVEL1_MIX = sa.Table(
    "level1_order_mix",
    METADATA,
    project_column(primary_key=True),
    _text("customer_id", key=True),
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("dimension", sa.String, primary_key=True),
    _text("value", key=True),
    _whole("net_micros"),
    sa.Column("lines", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)
LEVEL1_EVENTS = sa.Table(
    "level1_event_days",
    METADATA,
    project_column(primary_key=True),
    _text("customer_id", key=True),
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
    _text("type", key=True),
    sa.Column("n", sa.Integer, nullable=False),
    _whole("value_micros"),
    sqlite_with_rowid=False,
)
"""Level 1 of the contract. ``orders`` of a day is counted when it is asked for: it is no sum of the
day's lines."""

STATES = sa.Table(
    "states",
    METADATA,
    project_column(primary_key=True),
    _text("customer_id", key=True),
    sa.Column("measures", sa.LargeBinary, nullable=False),
    _whole("returned_ts", null=True),
    _whole("last_ts", null=True),
    sa.Column("segment_id", sa.String, nullable=False),
    sa.Column("label_id", sa.String, nullable=False),
    sa.Column("value", sa.Float),
    sa.Column("since", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""What is known of a customer now: her measures as 64-bit integers in the order of the catalogue
(the least one stands for null), the time of her last return and of her last line or event, the
segment that the model gives her, the one by which she is called outside (``label_id`` changes only
when another is clearly nearer), her expected value as it was last told, and the day since which
she is called so. All of it changes rarely: to age a million customers by a day writes few rows."""

MOVES = sa.Table(
    "moves",
    METADATA,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    project_column(),
    sa.Column("id", sa.String, nullable=False, unique=True),
    _text("customer_id"),
    sa.Column("type", sa.String, nullable=False),
    sa.Column("cause", sa.String, nullable=False),
    sa.Column("from_id", sa.String),
    sa.Column("to_id", sa.String),
    sa.Column("before", sa.Float),
    sa.Column("after", sa.Float),
    sa.Column("margin", sa.Float),
    sa.Column("model_id", sa.String, nullable=False),
    _whole("as_of"),
    _whole("ts", null=True),
    sa.Column("at", Moment, nullable=False),
    sa.Index("moves_in_order", "project", "seq"),
    sa.Index("moves_by_customer", "project", "customer_id"),
    sqlite_autoincrement=True,
)
"""The outbox: what is told of customers, in the order in which it was committed. ``id`` is the same
whenever the message is sent again."""

CURSORS = sa.Table(
    "move_cursors",
    METADATA,
    project_column(primary_key=True),
    sa.Column("sink", sa.String, primary_key=True),
    _whole("seq"),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("again", Moment),
)
"""How far each sink has been told; and after failures, when it is tried again."""

DEAD = sa.Table(
    "dead_letters",
    METADATA,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    project_column(),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("raw", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Index("dead_in_order", "project", "seq"),
    sqlite_autoincrement=True,
)
"""Messages that could not be used, or could not be delivered, and why."""

STREAM_TABLES = (
    STREAMS,
    COUNTS,
    OFFSETS,
    STREAM_LINES,
    STREAM_EVENTS,
    STREAM_TOUCHES,
    LEVEL1_ORDERS,
    LEVEL1_DAYS,
    LEVEL1_MIX,
    LEVEL1_EVENTS,
    STATES,
    MOVES,
    CURSORS,
    DEAD,
)

LEVEL1 = {
    "orders": LEVEL1_ORDERS,
    "order_days": LEVEL1_DAYS,
    "order_mix": LEVEL1_MIX,
    "event_days": LEVEL1_EVENTS,
}
"""Table of level 1 -> where it is kept."""
CAME = {"lines": STREAM_LINES, "events": STREAM_EVENTS, "touches": STREAM_TOUCHES}
"""Canonical table -> where rows that came by the stream are kept; their id is the first column."""


def columns_of(table: sa.Table) -> tuple[str, ...]:
    """Return the columns of a table but the project."""
    return tuple(column.name for column in table.c if column.name != "project")
