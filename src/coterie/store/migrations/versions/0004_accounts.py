"""Accounts, keys, sessions, failed sign-ins and the audit log."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)


def _project() -> sa.Column[str]:
    return sa.Column("project", sa.String, nullable=False, server_default="")


def _of_user() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE")


def upgrade() -> None:
    """Make the tables."""
    _people()
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String, primary_key=True),
        _text("name"),
        sa.Column("hash", sa.String, nullable=False, unique=True),
        _text("made_by"),
        _project(),
        sa.Column("scopes", sa.JSON, nullable=False),
        _moment("created"),
        _moment("expires"),
        _moment("revoked", nullable=True),
        sa.Column("last_used", sa.Integer),
    )
    op.create_table(
        "attempts",
        sa.Column("place", sa.String, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        _moment("last"),
    )
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        _moment("at"),
        _text("event"),
        _text("actor"),
        _project(),
        sa.Column("told", sa.JSON, nullable=False),
        _text("mac"),
    )


def _people() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("email", sa.String, nullable=False, unique=True),
        sa.Column("name", sa.String, nullable=False, server_default=""),
        sa.Column("password", sa.String),
        _flag("temporary"),
        _flag("admin"),
        _flag("disabled"),
        _moment("created"),
    )
    op.create_table(
        "memberships",
        sa.Column("user_id", sa.String, primary_key=True),
        sa.Column("project", sa.String, primary_key=True),
        _text("role"),
        _of_user(),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String, primary_key=True),
        _text("user_id"),
        _moment("created"),
        _moment("seen"),
        _moment("expires"),
        _of_user(),
    )
    op.create_index("sessions_by_user", "sessions", ["user_id"])


def downgrade() -> None:
    """Drop them, and with them all accounts."""
    for name in ("audit", "attempts", "sessions", "memberships", "api_keys", "users"):
        op.drop_table(name)
