"""The registry of one project: runs, the published one, names that users gave."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("input_hash", sa.String, nullable=False, index=True),
        sa.Column("settings_hash", sa.String, nullable=False),
        sa.Column("model_id", sa.String, nullable=False),
        sa.Column("parent_run", sa.String),
        sa.Column("as_of", sa.Integer),
        sa.Column("segments", sa.Integer, nullable=False, server_default="0"),
        sa.Column("number", sa.Integer, nullable=False),
    )
    op.create_table(
        "published",
        sa.Column("one", sa.Integer, primary_key=True),
        sa.Column("run_id", sa.String, sa.ForeignKey("runs.run_id"), nullable=False),
    )
    op.create_table(
        "segment_names",
        sa.Column("segment_id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for name in ("published", "segment_names", "runs"):
        op.drop_table(name)
