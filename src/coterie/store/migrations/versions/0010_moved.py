"""Why customers moved."""

import sqlalchemy as sa
from alembic import op

from coterie.store.tables import PLAIN

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the table; runs that are loaded from now on fill it."""
    op.create_table(
        "moved",
        sa.Column("loaded", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("customer_id", PLAIN, primary_key=True),
        sa.Column("from_id", sa.String, nullable=False),
        sa.Column("cause", sa.String, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("moved")
