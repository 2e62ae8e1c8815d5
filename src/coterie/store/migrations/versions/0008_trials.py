"""Runs that are only looked at, and who cares for a segment."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Mark what was never published; make the notes."""
    trial = sa.Column("trial", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("runs", trial)
    op.create_table(
        "segment_notes",
        sa.Column("project", sa.String, primary_key=True, server_default=""),
        sa.Column("segment_id", sa.String, primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Drop both: a trial is then a run like any other."""
    op.drop_table("segment_notes")
    op.drop_column("runs", "trial")
