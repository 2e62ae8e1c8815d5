"""The tables of the operational database, the same in SQLite and in PostgreSQL.

A project of its own keeps them in ``.coterie/coterie.db`` and fills the first three; a
server fills all of them, with a row's ``project`` telling whose it is.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

HEAD = "0010"
"""The newest migration: what ``METADATA`` describes."""
METADATA = sa.MetaData()

SORTED = ("value", "monetary", "recency", "margin")
NUMBERS = (*SORTED, "frequency")
"""Numbers of a customer in ``CUSTOMERS``; ``value`` is what she is expected to spend in the
horizon."""
UNKNOWN = -1e300
PLAIN = sa.String().with_variant(sa.String(collation="C"), "postgresql")
"""Text in the order of its code points, in any database: the beginning of an id is a range."""


class Moment(sa.types.TypeDecorator[datetime]):
    """A moment in UTC; SQLite would forget the zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Store as UTC."""
        del dialect
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Return with the zone."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def project_column(**how: Any) -> sa.Column[str]:
    """Return the column that tells whose a row is; empty for a project of its own."""
    return sa.Column("project", sa.String, nullable=False, server_default="", **how)


RUNS = sa.Table(
    "runs",
    METADATA,
    project_column(primary_key=True),
    sa.Column("run_id", sa.String, primary_key=True),
    sa.Column("input_hash", sa.String, nullable=False),
    sa.Column("settings_hash", sa.String, nullable=False),
    sa.Column("model_id", sa.String, nullable=False),
    sa.Column("parent_run", sa.String),
    sa.Column("as_of", sa.Integer),
    sa.Column("segments", sa.Integer, nullable=False, server_default="0"),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("trial", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("runs_by_input", "project", "input_hash"),
)
"""One row a finished run; ``number`` is the order in which they were finished, ``segments``
how many segment ids had been given by then: also a run that is deleted has used its ids up. A
``trial`` was never published."""

PUBLISHED = sa.Table(
    "published",
    METADATA,
    project_column(primary_key=True),
    sa.Column("run_id", sa.String, nullable=False),
    sa.ForeignKeyConstraint(["project", "run_id"], ["runs.project", "runs.run_id"]),
)
"""At most one row a project: the run whose model scores."""

NAMES = sa.Table(
    "segment_names",
    METADATA,
    project_column(primary_key=True),
    sa.Column("segment_id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
)
"""Names that users gave; they survive refits."""

NOTES = sa.Table(
    "segment_notes",
    METADATA,
    project_column(primary_key=True),
    sa.Column("segment_id", sa.String, primary_key=True),
    sa.Column("owner", sa.String, nullable=False),
    sa.Column("action", sa.String, nullable=False),
)
"""Who cares for a segment, and what is done for it; as lasting as its name."""

JOBS = sa.Table(
    "jobs",
    METADATA,
    sa.Column("id", sa.String, primary_key=True),
    project_column(),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("stage", sa.String, nullable=False, server_default=""),
    sa.Column("fraction", sa.Float, nullable=False, server_default="0"),
    sa.Column("params", sa.JSON, nullable=False),
    sa.Column("result", sa.JSON),
    sa.Column("error", sa.JSON),
    sa.Column("created", Moment, nullable=False),
    sa.Column("started", Moment),
    sa.Column("finished", Moment),
    sa.Column("worker", sa.String),
    sa.Column("lease", Moment),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("cancel", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("jobs_by_state", "state", "created"),
    sa.Index("jobs_by_project", "project", "created"),
)
"""Long work. A worker that has a job renews its ``lease``; one whose lease ran out is dead.
Of one project one job is at work at a time."""
_AT_WORK = JOBS.c.state == "running"
sa.Index(
    "one_at_work", JOBS.c.project, unique=True, sqlite_where=_AT_WORK, postgresql_where=_AT_WORK
)

SCHEDULES = sa.Table(
    "schedules",
    METADATA,
    sa.Column("id", sa.String, primary_key=True),
    project_column(),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("cron", sa.String, nullable=False),
    sa.Column("timezone", sa.String, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("next", Moment),
    sa.Column("last_job", sa.String),
    sa.Index("schedules_by_next", "enabled", "next"),
)
"""Jobs that come again, by a cron expression read in a time zone."""

CONNECTIONS = sa.Table(
    "connections",
    METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("variable", sa.String, nullable=False),
    sa.Column("created", Moment, nullable=False),
)
"""Databases that sources of a server may name; the URL is in a variable of the environment."""

WORKERS = sa.Table(
    "workers",
    METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("seen", Moment, nullable=False),
)
"""Workers, and when each was last alive."""

TOMBSTONES = sa.Table(
    "tombstones",
    METADATA,
    project_column(primary_key=True),
    sa.Column("mac", sa.String, primary_key=True),
    sa.Column("key", sa.String, nullable=False),
    sa.Column("made", Moment, nullable=False),
    sa.Column("reason", sa.String, nullable=False, server_default=""),
    sa.Column("pending", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("sealed", sa.Text),
)
"""Who was erased: the HMAC of her id, which nobody can read back, and by which key it was made.
While ``pending`` the erasure is not finished; ``sealed`` is who she is, encrypted, until it is."""

REPLIES = sa.Table(
    "replies",
    METADATA,
    project_column(primary_key=True),
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("request", sa.String, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("body", sa.Text),
    sa.Column("created", Moment, nullable=False),
)
"""What a request with an idempotency key was answered; without a status it is at work."""

LOADED = sa.Table(
    "loaded",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    project_column(),
    sa.Column("run_id", sa.String, nullable=False),
    sa.Column("segments", sa.JSON, nullable=False),
    sa.UniqueConstraint("project", "run_id", name="loaded_once"),
)
"""Runs all of whose customers are in ``customers``, with the customers of each segment."""

CUSTOMERS = sa.Table(
    "customers",
    METADATA,
    sa.Column("loaded", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("customer_id", PLAIN, primary_key=True),
    sa.Column("segment_id", sa.String, nullable=False),
    sa.Column("second_id", sa.String),
    sa.Column("status", sa.String, nullable=False),
    *(sa.Column(name, sa.Float, nullable=False) for name in NUMBERS),
    sqlite_with_rowid=False,
)
"""Where a run places each customer, and what lists are sorted by; the rest of what is known of
her is in the run folder. ``loaded`` is the number of the run in ``loaded``: an index of a million
customers repeats it a million times. A number that is not known is ``UNKNOWN``: it sorts below
all others in any database."""

HISTORY = sa.Table(
    "history",
    METADATA,
    project_column(primary_key=True),
    sa.Column("customer_id", PLAIN, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("run_id", sa.String, nullable=False),
    sa.Column("as_of", sa.Integer),
    sa.Column("segment_id", sa.String, nullable=False),
)
"""A row each time that a customer came into a segment, in the order of publication."""

MOVED = sa.Table(
    "moved",
    METADATA,
    sa.Column("loaded", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("customer_id", PLAIN, primary_key=True),
    sa.Column("from_id", sa.String, nullable=False),
    sa.Column("cause", sa.String, nullable=False),
    sqlite_with_rowid=False,
)
"""Who of a run in ``loaded`` was elsewhere in the run before it, or nowhere, and why she moved."""

SHOWN = sa.Table(
    "shown",
    METADATA,
    project_column(primary_key=True),
    sa.Column("run_id", sa.String, primary_key=True),
    sa.Column("segment_id", sa.String, primary_key=True),
)
"""Runs of whose segments viewers saw the figures."""

_MEMBERS = (CUSTOMERS.c.loaded, CUSTOMERS.c.segment_id)
for _name in SORTED:
    sa.Index(f"members_by_{_name}", *_MEMBERS, CUSTOMERS.c[_name], CUSTOMERS.c.customer_id)
sa.Index("members_by_id", *_MEMBERS, CUSTOMERS.c.customer_id)


USERS = sa.Table(
    "users",
    METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("email", sa.String, nullable=False, unique=True),
    sa.Column("name", sa.String, nullable=False, server_default=""),
    sa.Column("password", sa.String),
    sa.Column("temporary", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("admin", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("disabled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created", Moment, nullable=False),
)
"""Who may sign in: ``password`` is an Argon2id hash, or null for those whom somebody else vouches
for; a ``temporary`` one opens nothing but the place where it is changed."""

MEMBERSHIPS = sa.Table(
    "memberships",
    METADATA,
    sa.Column("user_id", sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("project", sa.String, primary_key=True),
    sa.Column("role", sa.String, nullable=False),
)
"""What a user is in a project: viewer or analyst. Admins are so everywhere, without a row."""

API_KEYS = sa.Table(
    "api_keys",
    METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("hash", sa.String, nullable=False, unique=True),
    sa.Column("made_by", sa.String, nullable=False),
    project_column(),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("created", Moment, nullable=False),
    sa.Column("expires", Moment, nullable=False),
    sa.Column("revoked", Moment),
    sa.Column("last_used", sa.Integer),
)
"""What programs show: ``hash`` is the SHA-256 of 256 random bits, ``project`` is empty for all,
``last_used`` a day."""

SESSIONS = sa.Table(
    "sessions",
    METADATA,
    sa.Column("hash", sa.String, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("created", Moment, nullable=False),
    sa.Column("seen", Moment, nullable=False),
    sa.Column("expires", Moment, nullable=False),
    sa.Index("sessions_by_user", "user_id"),
)
"""Who is signed in, by the SHA-256 of what the cookie holds."""

ATTEMPTS = sa.Table(
    "attempts",
    METADATA,
    sa.Column("place", sa.String, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last", Moment, nullable=False),
)
"""Sign-ins that failed, by a keyed hash of the account or of the address they came from."""

AUDIT = sa.Table(
    "audit",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("event", sa.String, nullable=False),
    sa.Column("actor", sa.String, nullable=False),
    project_column(),
    sa.Column("told", sa.JSON, nullable=False),
    sa.Column("mac", sa.String, nullable=False),
)
"""What was done, by whom: rows are added and never changed, ``mac`` covers the row and the
``mac`` before it."""
