"""What viewers were shown."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the ledger."""
    op.create_table(
        "shown",
        sa.Column("project", sa.String, primary_key=True, server_default=""),
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("segment_id", sa.String, primary_key=True),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("shown")
