"""Events of just now, and how what they bring about is followed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.service.conftest import ROOT

SHOP = f"{ROOT}/shop"


def sale(name: str, customer: str = "live-1", **more: Any) -> dict[str, Any]:
    """Return an order line of just now."""
    now = datetime.now(UTC).isoformat()
    base = {"id": name, "type": "order", "customer_id": customer, "timestamp": now}
    return {**base, "order_id": name, "quantity": 1, "unit_price": 20.5, **more}


def send(client: httpx.Client, *events: dict[str, Any]) -> dict[str, Any]:
    """Send events as a list; return what became of them."""
    said = client.post(f"{SHOP}/events", json=list(events))
    assert said.status_code == 202, said.text
    return dict(said.json())


class follow:  # noqa: N801 - used as a statement
    """Follow the moves while a block lasts; gives the lines."""

    def __init__(self, client: httpx.Client, headers: dict[str, str], **params: int) -> None:
        self._open = client.stream(
            "GET", f"{SHOP}/stream/moves/live", headers=headers, params=params
        )

    def __enter__(self) -> Iterator[str]:
        answer = self._open.__enter__()
        assert answer.headers["content-type"].startswith("text/event-stream")
        return answer.iter_lines()

    def __exit__(self, *how: object) -> None:
        self._open.__exit__(*how)


def read_move(lines: Iterator[str]) -> dict[str, Any]:
    """Return the next move."""
    for line in lines:
        if line.startswith("data: "):
            return dict(json.loads(line.removeprefix("data: ")))
    raise AssertionError("the line ended")
