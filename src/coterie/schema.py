"""The tables Coterie works on: what may come in, and the canonical form it takes.

Input columns carry the user's meaning (``unit_price``, ``timestamp``); canonical
columns carry exact integers (``amount_micros``, ``day``), so that every later sum
is the same on every engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, model_validator

Kind = Literal["number", "category", "ordinal", "flag", "date", "key", "ignore"]
"""What an attribute column means."""

KINDS: tuple[Kind, ...] = ("number", "category", "ordinal", "flag", "date", "key", "ignore")

MICROS = 1_000_000
"""Micros in one unit of money."""

MILLI = 1_000
"""Thousandths in one piece."""


class Params(BaseModel):
    """Base of every parameter class: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ColumnParams(Params):
    """What the user says of one attribute column (``[columns.X]`` in ``coterie.toml``).

    ``kind`` empty means: work it out from the values.
    """

    kind: Kind | None = None
    labels: dict[str, str] = {}
    """Words for coded values, ``{"0" = "male", "1" = "female"}``."""
    min: float | None = Field(default=None, allow_inf_nan=False)
    max: float | None = Field(default=None, allow_inf_nan=False)
    unit: str = ""
    label: str = ""
    protected: bool | None = None
    """Override what the name and the values say about protected attributes."""

    @model_validator(mode="after")
    def _check_bounds(self) -> ColumnParams:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"has min = {self.min:g} above max = {self.max:g}")
        return self


@dataclass(frozen=True)
class InputColumn:
    """One column a user may map: its name, whether it is needed, and what it holds."""

    name: str
    required: bool
    type: Literal["text", "number", "time", "flag"]
    meaning: str


@dataclass(frozen=True)
class InputTable:
    """One of the five tables that can come in."""

    name: str
    meaning: str
    columns: tuple[InputColumn, ...]

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns without which the table cannot be read."""
        return tuple(c.name for c in self.columns if c.required)


def _columns(
    *rows: tuple[str, bool, Literal["text", "number", "time", "flag"], str],
) -> tuple[InputColumn, ...]:
    return tuple(InputColumn(*row) for row in rows)


INPUT_TABLES: dict[str, InputTable] = {
    table.name: table
    for table in (
        InputTable(
            "orders",
            "an order line or a whole order",
            _columns(
                ("customer_id", True, "text", "who bought; empty for a guest"),
                ("timestamp", True, "time", "when it was bought"),
                ("amount", False, "number", "money of the line; or give quantity and unit_price"),
                ("quantity", False, "number", "pieces; negative for a return"),
                ("unit_price", False, "number", "money for one piece"),
                ("order_id", False, "text", "joins the lines of one order"),
                ("line_id", False, "text", "the line's own id"),
                ("product_id", False, "text", "what was bought"),
                ("product_name", False, "text", "its name"),
                ("category", False, "text", "its category"),
                ("channel", False, "text", "web, store, catalogue …"),
                ("country", False, "text", "where it went"),
                ("discount", False, "number", "money taken off the line, as a positive number"),
            ),
        ),
        InputTable(
            "customers",
            "a customer, or a prospect; every other column is an attribute",
            _columns(
                ("customer_id", True, "text", "who"),
                ("valid_from", False, "time", "the day from which the row holds"),
            ),
        ),
        InputTable(
            "events",
            "an interaction: a view, a click, an app opening",
            _columns(
                ("customer_id", False, "text", "who, if known"),
                ("visitor_id", False, "text", "cookie or device, if the customer is unknown"),
                ("timestamp", True, "time", "when"),
                ("type", True, "text", "view, cart, buy …"),
                ("event_id", False, "text", "the event's own id"),
                ("session_id", False, "text", "joins the events of one visit"),
                ("product_id", False, "text", "what it was about"),
                ("channel", False, "text", "where it came from"),
                ("value", False, "number", "money, if any"),
            ),
        ),
        InputTable(
            "texts",
            "something a customer wrote",
            _columns(
                ("customer_id", True, "text", "who"),
                ("timestamp", True, "time", "when"),
                ("text", True, "text", "the words"),
                ("text_id", False, "text", "the text's own id"),
                ("rating", False, "number", "stars"),
                ("source", False, "text", "review, ticket, survey …"),
            ),
        ),
        InputTable(
            "touches",
            "a campaign contact or its answer",
            _columns(
                ("customer_id", True, "text", "who"),
                ("timestamp", True, "time", "when"),
                ("offer_id", True, "text", "which campaign or offer"),
                ("touch_id", False, "text", "the contact's own id"),
                ("channel", False, "text", "mail, app, letter …"),
                ("treated", False, "flag", "false for the control group"),
                ("responded", False, "flag", "whether the customer answered"),
                ("value", False, "number", "money of the answer"),
                ("propensity", False, "number", "chance with which the contact was drawn"),
            ),
        ),
    )
}

_TS = pa.timestamp("us", tz="UTC")

CANONICAL: dict[str, pa.Schema] = {
    "lines": pa.schema(
        [
            pa.field("line_id", pa.string(), nullable=False),
            pa.field("customer_id", pa.string()),
            pa.field("order_id", pa.string(), nullable=False),
            pa.field("ts", _TS, nullable=False),
            pa.field("day", pa.int32(), nullable=False),
            pa.field("hour", pa.int8(), nullable=False),
            pa.field("product_id", pa.string()),
            pa.field("product_name", pa.string()),
            pa.field("category", pa.string()),
            pa.field("channel", pa.string()),
            pa.field("country", pa.string()),
            pa.field("quantity_milli", pa.int64(), nullable=False),
            pa.field("amount_micros", pa.int64(), nullable=False),
            pa.field("discount_micros", pa.int64(), nullable=False),
            pa.field("kind", pa.string(), nullable=False),
            pa.field("net_day", pa.int32()),
        ]
    ),
    "events": pa.schema(
        [
            pa.field("event_id", pa.string(), nullable=False),
            pa.field("customer_id", pa.string()),
            pa.field("visitor_id", pa.string()),
            pa.field("ts", _TS, nullable=False),
            pa.field("day", pa.int32(), nullable=False),
            pa.field("hour", pa.int8(), nullable=False),
            pa.field("type", pa.string(), nullable=False),
            pa.field("session_id", pa.string()),
            pa.field("product_id", pa.string()),
            pa.field("channel", pa.string()),
            pa.field("value_micros", pa.int64()),
        ]
    ),
    "texts": pa.schema(
        [
            pa.field("text_id", pa.string(), nullable=False),
            pa.field("customer_id", pa.string(), nullable=False),
            pa.field("ts", _TS, nullable=False),
            pa.field("day", pa.int32(), nullable=False),
            pa.field("text", pa.string(), nullable=False),
            pa.field("rating", pa.float64()),
            pa.field("source", pa.string()),
        ]
    ),
    "touches": pa.schema(
        [
            pa.field("touch_id", pa.string(), nullable=False),
            pa.field("customer_id", pa.string(), nullable=False),
            pa.field("ts", _TS, nullable=False),
            pa.field("day", pa.int32(), nullable=False),
            pa.field("offer_id", pa.string(), nullable=False),
            pa.field("channel", pa.string()),
            pa.field("treated", pa.bool_()),
            pa.field("responded", pa.bool_()),
            pa.field("value_micros", pa.int64()),
            pa.field("propensity", pa.float64()),
        ]
    ),
    "quarantine": pa.schema(
        [
            pa.field("table", pa.string(), nullable=False),
            pa.field("source", pa.string(), nullable=False),
            pa.field("row", pa.int64(), nullable=False),
            pa.field("reason", pa.string(), nullable=False),
            pa.field("message", pa.string(), nullable=False),
            pa.field("raw", pa.string()),
        ]
    ),
}
"""Arrow schema of each canonical table (``customers`` depends on its attributes)."""

CANONICAL_NAME = {
    "orders": "lines",
    "customers": "customers",
    "events": "events",
    "texts": "texts",
    "touches": "touches",
}
"""Name of the canonical table that each input table becomes."""

REASONS = (
    "ambiguous_time",
    "bad_number",
    "bad_row",
    "bad_time",
    "duplicate_key",
    "future_date",
    "missing_key",
    "overflow",
    "too_long",
)
"""Why a row can be quarantined."""


@dataclass(frozen=True)
class Attribute:
    """One attribute of the ``customers`` table after reading.

    ``number``, ``ordinal`` columns are DOUBLE, ``category`` VARCHAR, ``flag`` BOOLEAN,
    ``date`` INTEGER (days since 1970-01-01).
    """

    name: str
    kind: Kind
    label: str = ""
    unit: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    protected: str = ""
    """Why the attribute counts as protected; empty if it does not."""
    role: str = ""
    """``geography`` for country, region, city …; empty otherwise."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Attribute:
        """Read what ``dataclasses.asdict`` made, also after JSON."""
        return cls(**{**data, "labels": tuple((code, word) for code, word in data["labels"])})

    @property
    def params(self) -> ColumnParams:
        """What to say of the column so that other rows are read just as these were."""
        return ColumnParams(
            kind=self.kind,
            labels=dict(self.labels),
            unit=self.unit,
            label=self.label,
            protected=bool(self.protected),
        )
