"""Who was erased stays known, so that she does not come back."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table of tombstones."""
    op.create_table(
        "tombstones",
        sa.Column("project", sa.String, primary_key=True, server_default=""),
        sa.Column("mac", sa.String, primary_key=True),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String, nullable=False, server_default=""),
        sa.Column("pending", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("sealed", sa.Text),
    )


def downgrade() -> None:
    """Drop it: whoever was erased can come back with the next run."""
    op.drop_table("tombstones")
