"""What came of offers, as events."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from coterie.store.tables import PLAIN

revision = "0009"
down_revision = "0008"


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, PLAIN, primary_key=key, nullable=null)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "stream_touches",
        sa.Column("project", sa.String, primary_key=True, nullable=False, server_default=""),
        _text("event_id", key=True),
        _text("touch_id"),
        _text("customer_id"),
        sa.Column("ts", sa.BigInteger, nullable=False),
        sa.Column("day", sa.Integer, nullable=False, autoincrement=False),
        _text("offer_id"),
        _text("channel", null=True),
        sa.Column("treated", sa.Boolean),
        sa.Column("responded", sa.Boolean),
        sa.Column("value_micros", sa.BigInteger),
        sa.Column("propensity", sa.Float),
        sqlite_with_rowid=False,
    )
    op.create_index("stream_touches_by_customer", "stream_touches", ["project", "customer_id"])


def downgrade() -> None:
    """Drop it, and what is in it."""
    op.drop_table("stream_touches")
