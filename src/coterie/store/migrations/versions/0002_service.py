"""Many projects in one database, jobs, schedules, connections, and where customers are."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_RUN = "run_id, input_hash, settings_hash, model_id, parent_run, as_of, segments, number"
_KEPT = {"runs": _RUN, "published": "run_id", "segment_names": "segment_id, name"}
_NUMBERS = ("value", "monetary", "recency", "margin", "frequency")


def _project() -> sa.Column[str]:
    return sa.Column("project", sa.String, nullable=False, server_default="")


def _moment(name: str, *, nullable: bool = True) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Give the registry a column for the project, and make the service's tables."""
    for name in _KEPT:
        op.rename_table(name, f"{name}_before")
    _registry()
    for name, columns in _KEPT.items():
        op.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {name}_before")
    for name in ("published", "segment_names", "runs"):
        op.drop_table(f"{name}_before")
    op.create_index("runs_by_input", "runs", ["project", "input_hash"])
    _work()
    _people()


def _registry() -> None:
    op.create_table(
        "runs",
        _project(),
        sa.Column("run_id", sa.String),
        sa.Column("input_hash", sa.String, nullable=False),
        sa.Column("settings_hash", sa.String, nullable=False),
        sa.Column("model_id", sa.String, nullable=False),
        sa.Column("parent_run", sa.String),
        sa.Column("as_of", sa.Integer),
        sa.Column("segments", sa.Integer, nullable=False, server_default="0"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("project", "run_id", name="runs_key"),
    )
    op.create_table(
        "published",
        _project(),
        sa.Column("run_id", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("project", name="published_key"),
        sa.ForeignKeyConstraint(["project", "run_id"], ["runs.project", "runs.run_id"]),
    )
    op.create_table(
        "segment_names",
        _project(),
        sa.Column("segment_id", sa.String),
        sa.Column("name", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("project", "segment_id", name="segment_names_key"),
    )


def _work() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String, primary_key=True),
        _project(),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("stage", sa.String, nullable=False, server_default=""),
        sa.Column("fraction", sa.Float, nullable=False, server_default="0"),
        sa.Column("params", sa.JSON, nullable=False),
        sa.Column("result", sa.JSON),
        sa.Column("error", sa.JSON),
        _moment("created", nullable=False),
        _moment("started"),
        _moment("finished"),
        sa.Column("worker", sa.String),
        _moment("lease"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("cancel", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.create_index("jobs_by_state", "jobs", ["state", "created"])
    op.create_index("jobs_by_project", "jobs", ["project", "created"])
    at_work = sa.text("state = 'running'")
    op.create_index(
        "one_at_work",
        "jobs",
        ["project"],
        unique=True,
        sqlite_where=at_work,
        postgresql_where=at_work,
    )
    op.create_table(
        "schedules",
        sa.Column("id", sa.String, primary_key=True),
        _project(),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("cron", sa.String, nullable=False),
        sa.Column("timezone", sa.String, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
        _moment("next"),
        sa.Column("last_job", sa.String),
    )
    op.create_index("schedules_by_next", "schedules", ["enabled", "next"])
    op.create_table(
        "connections",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("variable", sa.String, nullable=False),
        _moment("created", nullable=False),
    )
    op.create_table(
        "replies",
        _project(),
        sa.Column("key", sa.String),
        sa.Column("request", sa.String, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("body", sa.Text),
        _moment("created", nullable=False),
        sa.PrimaryKeyConstraint("project", "key"),
    )


def _people() -> None:
    op.create_table(
        "loaded",
        sa.Column("number", sa.Integer, primary_key=True),
        _project(),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("segments", sa.JSON, nullable=False),
        sa.UniqueConstraint("project", "run_id", name="loaded_once"),
    )
    plain = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    op.create_table(
        "customers",
        sa.Column("loaded", sa.Integer, autoincrement=False),
        sa.Column("customer_id", plain),
        sa.Column("segment_id", sa.String, nullable=False),
        sa.Column("second_id", sa.String),
        sa.Column("status", sa.String, nullable=False),
        *(sa.Column(name, sa.Float, nullable=False) for name in _NUMBERS),
        sa.PrimaryKeyConstraint("loaded", "customer_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "history",
        _project(),
        sa.Column("customer_id", plain),
        sa.Column("number", sa.Integer),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("as_of", sa.Integer),
        sa.Column("segment_id", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("project", "customer_id", "number"),
    )
    for name in ("value", "monetary", "recency", "margin"):
        members = ["loaded", "segment_id", name, "customer_id"]
        op.create_index(f"members_by_{name}", "customers", members)
    op.create_index("members_by_id", "customers", ["loaded", "segment_id", "customer_id"])


def downgrade() -> None:
    """Drop the service's tables; the registry keeps the project without a name."""
    for name in ("history", "customers", "loaded", "replies", "connections", "schedules", "jobs"):
        op.drop_table(name)
    op.drop_index("runs_by_input", "runs")
    for name in _KEPT:
        op.rename_table(name, f"{name}_after")
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String),
        sa.Column("input_hash", sa.String, nullable=False),
        sa.Column("settings_hash", sa.String, nullable=False),
        sa.Column("model_id", sa.String, nullable=False),
        sa.Column("parent_run", sa.String),
        sa.Column("as_of", sa.Integer),
        sa.Column("segments", sa.Integer, nullable=False, server_default="0"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="runs_one_key"),
    )
    op.create_table(
        "published",
        sa.Column("one", sa.Integer),
        sa.Column("run_id", sa.String, sa.ForeignKey("runs.run_id"), nullable=False),
        sa.PrimaryKeyConstraint("one", name="published_one_key"),
    )
    op.create_table(
        "segment_names",
        sa.Column("segment_id", sa.String),
        sa.Column("name", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("segment_id", name="segment_names_one_key"),
    )
    op.execute(f"INSERT INTO runs ({_RUN}) SELECT {_RUN} FROM runs_after WHERE project = ''")
    op.execute(
        "INSERT INTO published (one, run_id) SELECT 1, run_id FROM published_after "
        "WHERE project = ''"
    )
    op.execute(
        "INSERT INTO segment_names SELECT segment_id, name FROM segment_names_after "
        "WHERE project = ''"
    )
    for name in ("published", "segment_names", "runs"):
        op.drop_table(f"{name}_after")
    op.create_index("ix_runs_input_hash", "runs", ["input_hash"])
