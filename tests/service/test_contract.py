"""The whole OpenAPI, tried by Schemathesis: what is promised holds, and nothing is a 5xx."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.openapi import from_dict

from tests.service.conftest import wait_for

CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
KNOWN = {"project": ["cards"], "customer_id": ["c001"], "segment_id": ["seg-001"]}
"""What is there: half of the requests ask for it, so that they come past the first door."""
ENDLESS = "text/event-stream"


def operations(url: str) -> list[Any]:
    """Return all operations of a server but those whose answer never ends."""
    found = httpx.get(f"{url}/openapi.json").json()
    schema = from_dict(found)
    schema.config.update(base_url=url)
    return [one.ok() for one in schema.get_all_operations()]


def try_out(operation: Any, n: int) -> None:
    """Send requests of all kinds, sensible and not."""

    @settings(
        max_examples=n,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    @given(case=operation.as_strategy(), data=st.data())
    def check(case: Any, data: st.DataObject) -> None:
        for name, known in KNOWN.items():
            if name in (case.path_parameters or {}) and data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(known))
        case.call_and_validate(checks=CHECKS, timeout=60)

    check()


def test_what_openapi_promises_holds(ready: httpx.Client) -> None:
    url = str(ready.base_url).rstrip("/")
    tried, failed = [], []
    for operation in operations(url):
        try:
            try_out(operation, 8)
        except (AssertionError, schemathesis.errors.SchemathesisError, ExceptionGroup) as error:
            failed.append(f"{operation.label}: {error}")
        tried.append(operation.label)
    assert not failed, "\n\n".join(failed)
    assert len(tried) > 20


@pytest.mark.soak
def test_what_openapi_promises_holds_for_long(ready: httpx.Client) -> None:
    url = str(ready.base_url).rstrip("/")
    for operation in operations(url):
        try_out(operation, 200)
    assert wait_for(lambda: ready.get("/health/live").json(), bool)
