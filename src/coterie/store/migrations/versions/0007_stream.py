"""What comes by the stream, level 1 and states of every customer, and who moved."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from coterie.store.tables import PLAIN, Moment

revision = "0007"
down_revision = "0006"

SUMS = (
    "net_micros",
    "gross_micros",
    "returned_micros",
    "discount_micros",
    "units_milli",
    "lines",
    "free_lines",
)
NUMBERED = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _project(*, key: bool = True) -> sa.Column[Any]:
    return sa.Column("project", sa.String, primary_key=key, nullable=False, server_default="")


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, PLAIN, primary_key=key, nullable=null)


def _whole(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=null)


def _day(*, key: bool = False) -> sa.Column[Any]:
    return sa.Column("day", sa.Integer, primary_key=key, nullable=False, autoincrement=False)


def _came() -> None:
    op.create_table(
        "stream_lines",
        _project(),
        _text("line_id", key=True),
        _text("customer_id", null=True),
        _text("order_id"),
        _whole("ts"),
        _day(),
        sa.Column("hour", sa.Integer, nullable=False),
        *(_text(n, null=True) for n in ("product_id", "product_name", "category", "channel")),
        _text("country", null=True),
        *(_whole(n) for n in ("quantity_milli", "amount_micros", "discount_micros")),
        sa.Column("kind", sa.String, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("stream_lines_by_customer", "stream_lines", ["project", "customer_id"])
    op.create_table(
        "stream_events",
        _project(),
        _text("event_id", key=True),
        _text("customer_id", null=True),
        _text("visitor_id", null=True),
        _whole("ts"),
        _day(),
        sa.Column("hour", sa.Integer, nullable=False),
        _text("type"),
        *(_text(n, null=True) for n in ("session_id", "product_id", "channel")),
        _whole("value_micros", null=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "dead_letters",
        sa.Column("seq", NUMBERED, primary_key=True),
        _project(key=False),
        *(sa.Column(n, sa.String, nullable=False) for n in ("source", "reason")),
        *(sa.Column(n, sa.Text, nullable=False) for n in ("message", "raw")),
        sa.Column("at", Moment, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("dead_in_order", "dead_letters", ["project", "seq"])


def _level1() -> None:
    op.create_table(
        "level1_orders",
        _project(),
        _text("customer_id", key=True),
        _text("order_id", key=True),
        _day(),
        sa.Column("hour", sa.Integer, nullable=False),
        _text("channel", null=True),
        *(_whole(name) for name in SUMS),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "level1_order_days",
        _project(),
        _text("customer_id", key=True),
        _day(key=True),
        *(_whole(name) for name in SUMS),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "level1_order_mix",
        _project(),
        _text("customer_id", key=True),
        _day(key=True),
        sa.Column("dimension", sa.String, primary_key=True),
        _text("value", key=True),
        _whole("net_micros"),
        sa.Column("lines", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "level1_event_days",
        _project(),
        _text("customer_id", key=True),
        _day(key=True),
        _text("type", key=True),
        sa.Column("n", sa.Integer, nullable=False),
        _whole("value_micros"),
        sqlite_with_rowid=False,
    )


def _told() -> None:
    op.create_table(
        "states",
        _project(),
        _text("customer_id", key=True),
        sa.Column("measures", sa.LargeBinary, nullable=False),
        *(_whole(name, null=True) for name in ("returned_ts", "last_ts")),
        sa.Column("segment_id", sa.String, nullable=False),
        sa.Column("label_id", sa.String, nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("since", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "moves",
        sa.Column("seq", NUMBERED, primary_key=True),
        _project(key=False),
        sa.Column("id", sa.String, nullable=False, unique=True),
        _text("customer_id"),
        *(sa.Column(n, sa.String, nullable=False) for n in ("type", "cause")),
        *(sa.Column(n, sa.String) for n in ("from_id", "to_id")),
        *(sa.Column(n, sa.Float) for n in ("before", "after", "margin")),
        sa.Column("model_id", sa.String, nullable=False),
        _whole("as_of"),
        _whole("ts", null=True),
        sa.Column("at", Moment, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("moves_in_order", "moves", ["project", "seq"])
    op.create_index("moves_by_customer", "moves", ["project", "customer_id"])
    op.create_table(
        "move_cursors",
        _project(),
        sa.Column("sink", sa.String, primary_key=True),
        _whole("seq"),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("again", Moment),
    )


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "streams",
        _project(),
        *(sa.Column(n, sa.String, nullable=False) for n in ("run_id", "model_id", "measures_hash")),
        *(_whole(name) for name in ("watermark", "as_of")),
        _whole("sweeping", null=True),
        _text("swept", null=True),
        sa.Column("changed", Moment, nullable=False),
    )
    op.create_table(
        "stream_counts",
        _project(),
        *(_whole(name) for name in ("accepted", "repeated", "late", "refused", "moves")),
        _whole("last_ts", null=True),
        sa.Column("at", Moment, nullable=False),
    )
    op.create_table(
        "stream_offsets",
        _project(),
        sa.Column("topic", sa.String, primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        _whole("next"),
    )
    _came()
    _level1()
    _told()


def downgrade() -> None:
    """Drop them: what came by the stream is then gone."""
    for name in ("move_cursors", "moves", "states", "level1_event_days", "level1_order_mix"):
        op.drop_table(name)
    for name in ("level1_order_days", "level1_orders", "dead_letters", "stream_events"):
        op.drop_table(name)
    for name in ("stream_lines", "stream_offsets", "stream_counts", "streams"):
        op.drop_table(name)
