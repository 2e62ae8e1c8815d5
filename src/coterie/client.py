"""A small client of the service: what the API says, as Python objects and our own errors.

The same words as ``Project`` and ``Run`` where the same is meant.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from coterie.errors import CoterieError, DataError, MissingExtraError, NotReadyError, ParameterError

try:
    import httpx
except ImportError as missing:
    raise MissingExtraError.of("client", "The client") from missing

_ERRORS: dict[str, type[CoterieError]] = {
    "data": DataError,
    "parameter": ParameterError,
    "not_ready": NotReadyError,
}
_ENDED = {"done", "failed", "cancelled"}
_LOOK = 0.5
"""Seconds between two looks at a job."""
Tell = Callable[[str, float], None]


class Client:
    """A server.

    Parameters
    ----------
    url : str, default "http://127.0.0.1:8000"
        Where it listens.
    key : str, optional
        What ``coterie admin key`` or an admin's page showed; needed where there are accounts.
    timeout : float, default 60
        Seconds to wait for an answer.

    Examples
    --------
    >>> with Client("http://127.0.0.1:8000/") as client:
    ...     client.project("shop").name
    'shop'
    """

    def __init__(
        self, url: str = "http://127.0.0.1:8000", *, key: str = "", timeout: float = 60.0
    ) -> None:
        self.url = url.rstrip("/")
        headers = {"authorization": f"Bearer {key}"} if key else {}
        place = f"{self.url}/api/v1"
        self._http = httpx.Client(base_url=place, headers=headers, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def projects(self) -> list[dict[str, Any]]:
        """Return the projects of the server."""
        found: list[dict[str, Any]] = self.ask("GET", "/projects")["items"]
        return found

    def create(self, name: str) -> RemoteProject:
        """Make a project."""
        self.ask("POST", "/projects", json={"name": name})
        return self.project(name)

    def project(self, name: str) -> RemoteProject:
        """Return a project, whether or not it is there."""
        return RemoteProject(self, name)

    def ask(self, method: str, path: str, **how: Any) -> Any:
        """Ask anything, and return the JSON of the answer.

        Parameters
        ----------
        method : str
            Of HTTP.
        path : str
            Below ``/api/v1``.
        **how
            As for ``httpx.Client.request``.

        Returns
        -------
        object
            As JSON.

        Raises
        ------
        CoterieError
            What the server found wrong, as the core would have raised it.
        NotReadyError
            If the server does not answer.
        """
        return self.send(method, path, **how).json()

    def send(self, method: str, path: str, **how: Any) -> httpx.Response:
        """Ask as ``ask`` does, and return the answer as it came.

        Parameters
        ----------
        method, path, **how
            As for ``ask``.

        Returns
        -------
        httpx.Response
            With a status below 400.
        """
        try:
            answer = self._http.request(method, path, **how)
        except httpx.TransportError as error:
            raise self._gone(error) from error
        _check(answer)
        return answer

    def stream(self, path: str, content: Iterator[bytes], target: Path, kind: str) -> None:
        """Send what a file holds, and write the answer to a file as it comes.

        Parameters
        ----------
        path : str
            Below ``/api/v1``.
        content : iterator of bytes
            What is sent.
        target : Path
            What is written.
        kind : str
            Content type of what is sent.
        """
        headers = {"content-type": kind}
        try:
            with self._http.stream("POST", path, content=content, headers=headers) as answer:
                if answer.is_error:
                    answer.read()
                    _check(answer)
                with target.open("wb") as out:
                    for part in answer.iter_bytes():
                        out.write(part)
        except httpx.TransportError as error:
            raise self._gone(error) from error

    def _gone(self, error: httpx.TransportError) -> NotReadyError:
        return NotReadyError(
            f"The server {self.url} does not answer: {error}",
            hint="Start it: coterie serve, or check the address.",
        )


class RemoteProject:
    """A project of a server.

    Parameters
    ----------
    client : Client
        Of the server.
    name : str
        Of the project.
    """

    def __init__(self, client: Client, name: str) -> None:
        self.client = client
        self.name = name

    def upload(self, file: str | Path) -> str:
        """Upload a file and return its id."""
        path = Path(file)
        with path.open("rb") as content:
            sent = self._ask("POST", "/uploads", files={"file": (path.name, content)})
        return str(sent["id"])

    def propose(self, uploads: Sequence[str]) -> dict[str, Any]:
        """Return what uploads seem to hold, and the settings that follow (``toml``)."""
        found: dict[str, Any] = self._ask("POST", "/mapping", json={"uploads": list(uploads)})
        return found

    def accept(self, toml: str) -> None:
        """Accept settings."""
        self._ask("PUT", "/mapping", json={"toml": toml})

    def run(
        self,
        *,
        as_of: str | None = None,
        refit: bool = False,
        tell: Tell | None = None,
    ) -> dict[str, Any]:
        """Run, wait for the end, and return the result.

        Parameters
        ----------
        as_of : str, optional
            Rows on or after this day, YYYY-MM-DD, are not read.
        refit : bool, default False
            Fit again even if the published model fits the settings.
        tell : callable, optional
            Told the stage and the share of it that is done.

        Returns
        -------
        dict
            run_id, as_of and the number of segments.

        Raises
        ------
        CoterieError
            Why the run failed.
        """
        return self.work("run", {"as_of": as_of, "refit": refit}, tell=tell)

    def work(
        self, kind: str, params: Mapping[str, Any] | None = None, *, tell: Tell | None = None
    ) -> dict[str, Any]:
        """Start a job, wait for its end, and return the result.

        Parameters
        ----------
        kind : str
            run, train, prospects, value, products or offers.
        params : mapping, optional
            How.
        tell : callable, optional
            Told the stage and the share of it that is done.

        Returns
        -------
        dict
            The result of the job.

        Raises
        ------
        CoterieError
            Why it failed, or that it was cancelled.
        """
        job = self._ask("POST", "/jobs", json={"kind": kind, "params": dict(params or {})})
        while job["state"] not in _ENDED:
            if tell:
                tell(job["stage"], job["fraction"])
            time.sleep(_LOOK)
            job = self._ask("GET", f"/jobs/{job['id']}")
        if job["state"] == "cancelled":
            raise NotReadyError(f"The job {job['id']} was cancelled.")
        if job["state"] == "failed":
            raise _error(job["error"])
        result: dict[str, Any] = job["result"]
        return result

    def segments(self) -> list[dict[str, Any]]:
        """Return the segments of the published run."""
        found: list[dict[str, Any]] = self._ask("GET", "/segments")["items"]
        return found

    def rename(self, segment_id: str, name: str) -> None:
        """Give a segment a name."""
        self._ask("PATCH", f"/segments/{segment_id}", json={"name": name})

    def customers(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """Yield customers, page by page.

        Parameters
        ----------
        **filters
            ``segment``, ``search``, ``sort`` as the API takes them.

        Yields
        ------
        dict
            A customer in the list.
        """
        cursor: str | None = ""
        while cursor is not None:
            asked = {**filters, "cursor": cursor, "limit": 500}
            page = self._ask("GET", "/customers", params=asked)
            yield from page["items"]
            cursor = page["next"]

    def customer(self, customer_id: str) -> dict[str, Any]:
        """Return what is known of a customer."""
        found: dict[str, Any] = self._ask("GET", f"/customers/{_part(customer_id)}")
        return found

    def why(self, customer_id: str) -> dict[str, Any]:
        """Return why a customer is in her segment."""
        found: dict[str, Any] = self._ask("GET", f"/customers/{_part(customer_id)}/why")
        return found

    def predict(self, people: Sequence[Mapping[str, Any]], *, label: str = "") -> dict[str, Any]:
        """Return which segment people belong to, or their label.

        Parameters
        ----------
        people : sequence of mapping
            Fields and answers of each person.
        label : str, optional
            A column to predict instead of the segment.

        Returns
        -------
        dict
            by, run_id and rows, one a person.
        """
        found: dict[str, Any] = self._ask(
            "POST", "/predict", json={"rows": [dict(one) for one in people]}, params=_given(label)
        )
        return found

    def predict_file(self, file: str | Path, target: str | Path, *, label: str = "") -> None:
        """Answer for the people of a CSV file of any length.

        Parameters
        ----------
        file : path
            CSV with a header.
        target : path
            CSV that is written: segment, margin and problems of each.
        label : str, optional
            A column to predict instead of the segment.
        """
        query = "".join(f"?{name}={_part(value)}" for name, value in _given(label).items())
        with Path(file).open("rb") as content:
            blocks = iter(lambda: content.read(1 << 20), b"")
            self.client.stream(self._at(f"/predict{query}"), blocks, Path(target), "text/csv")

    def events(self, events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Send events, and return what became of them once they are durable: counts, refusals."""
        if not events:
            raise DataError("There are no events to send.")
        found: dict[str, Any] = self._ask("POST", "/events", json=[dict(one) for one in events])
        return found

    def moves(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """Yield who moved after a number (``seq``), in the order in which it was told."""
        more = True
        while more:
            page = self._ask("GET", "/stream/moves", params={"after": after, "limit": 500})
            yield from page["items"]
            after, more = page["last"], page["more"]

    def live(self, customer_id: str) -> dict[str, Any]:
        """Return where a customer stands now, by all events that came until now."""
        found: dict[str, Any] = self._ask("GET", f"/stream/customers/{_part(customer_id)}")
        return found

    def _ask(self, method: str, path: str, **how: Any) -> Any:
        return self.client.ask(method, self._at(path), **how)

    def _at(self, path: str) -> str:
        return f"/projects/{_part(self.name)}{path}"


def _given(label: str) -> dict[str, str]:
    return {"label": label} if label else {}


def _part(text: str) -> str:
    """Return a text as one part of a path; dots alone would be taken for a way."""
    return quote(text, safe="").replace(".", "%2E")


def _check(answer: httpx.Response) -> None:
    """Raise what the server found wrong."""
    if not answer.is_error:
        return
    try:
        told = answer.json()
    except ValueError:
        told = {"code": "error", "detail": f"The server answered {answer.status_code}."}
    raise _error({**told, "message": told.get("detail", "")})


def _error(told: Mapping[str, Any]) -> CoterieError:
    kind = _ERRORS.get(str(told.get("code")), CoterieError)
    fields = {name: str(told.get(name) or "") for name in ("allowed", "hint", "where")}
    wrong = "; ".join(f"{one['where']}: {one['message']}" for one in told.get("errors") or [])
    return kind(" ".join(filter(None, [str(told.get("message", "")), wrong])), **fields)
