"""The audit log: what was done and refused, and whether it is as it was written."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from coterie.service.deps import Cursor, Limit, from_cursor, to_cursor, wrong_cursor
from coterie.service.models import Page
from coterie.service.routes.session import TheDoors

router = APIRouter(tags=["accounts"])


class AuditEntry(BaseModel):
    """Something that was done, or refused."""

    number: int
    at: datetime
    event: str = Field(examples=["sign-in.refused"])
    actor: str = Field(description="user:ID, key:ID, local or nobody.")
    project: str
    told: dict[str, Any] = Field(description="More of it; identities are keyed hashes.")


class ChainInfo(BaseModel):
    """Whether every entry is as it was written, and none is missing."""

    ok: bool
    entries: int
    head: str = Field(description="NUMBER:MAC; noted elsewhere, it shows whether some are gone.")
    broken_at: int | None = None
    said: str = Field(examples=["1,204 entries, chain unbroken."])


class AuditPage(Page[AuditEntry]):
    """A part of the log, the newest first; the first page looks at the whole chain."""

    chain: ChainInfo | None = None


@router.get("/audit")
def list_audit(doors: TheDoors, limit: Limit = 50, cursor: Cursor = "") -> AuditPage:
    """List the audit log, the newest entries first."""
    before, chain = None, None
    if place := from_cursor(cursor, 1):
        if not isinstance(place[0], int) or not 0 < place[0] < 1 << 31:
            raise wrong_cursor()
        before = place[0]
    else:
        found = doors.audit.verify()
        chain = ChainInfo(
            ok=found.broken_at is None,
            entries=found.entries,
            head=found.head,
            broken_at=found.broken_at,
            said=found.said,
        )
    rows, total = doors.audit.page(before=before, limit=limit + 1)
    more = len(rows) > limit
    return AuditPage(
        items=[AuditEntry.model_validate(row) for row in rows[:limit]],
        next=to_cursor((rows[limit - 1]["number"],) if more else None),
        total=total,
        chain=chain,
    )
