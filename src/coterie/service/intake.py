"""Events on their way in: requests hand over messages, one thread a project commits them together.

A request is answered when its messages are durable; while one batch is being written the next
gathers, so that a thousand small requests cost few commits.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from coterie.errors import CoterieError
from coterie.pipeline.streaming import Stream
from coterie.service.metrics import StreamFigures
from coterie.service.problems import RefusedError
from coterie.streaming.processor import Done

MOST_WAITING = 20_000
"""Messages that may wait; one request alone may bring more."""
MOST_BYTES = 64 << 20
"""Bytes of them."""
TOGETHER = 20_000
"""Messages of one batch; of a single request it may be more."""
AGAIN = 1
"""Seconds after which whoever was turned away may come again."""
_DAY = "day"
"""Stands for a source where no message came: the day is to be looked at."""
_LOG = logging.getLogger("coterie.stream")


@dataclass
class _Waiting:
    """What one request brought, and where it is told what became of it."""

    messages: Sequence[bytes]
    source: str
    told: Future[Done] = field(default_factory=Future)

    @property
    def size(self) -> Counter[str]:
        """How many messages, and bytes."""
        return Counter(messages=len(self.messages), bytes=sum(map(len, self.messages)))


class Intake:
    """Takes the messages of one project, in the order in which they came.

    Parameters
    ----------
    stream : callable
        Returns the stream of the project, opened.
    figures : StreamFigures
        Where it is counted.
    """

    def __init__(self, stream: Callable[[], Stream], figures: StreamFigures) -> None:
        self._stream = stream
        self._figures = figures
        self._waiting: deque[_Waiting] = deque()
        self._held: Counter[str] = Counter()
        self._ending = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def put(self, messages: Sequence[bytes], source: str = "http") -> Future[Done]:
        """Hand over messages.

        Parameters
        ----------
        messages : sequence of bytes
            JSON objects.
        source : str, default "http"
            Where they came from.

        Returns
        -------
        Future of Done
            What became of these messages, once they are durable.

        Raises
        ------
        RefusedError
            503 if too many wait already, or the server is ending.
        """
        waiting = _Waiting(messages, source)
        with self._changed:
            if self._ending:
                raise _busy("The server is ending.", "ending")
            held = self._held + waiting.size
            if self._held and (held["messages"] > MOST_WAITING or held["bytes"] > MOST_BYTES):
                raise _busy(f"{self._held['messages']:,} messages wait already.", "busy")
            self._held = held
            self._figures.waiting.inc(len(messages))
            self._waiting.append(waiting)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="intake", daemon=True)
                self._thread.start()
            self._changed.notify()
        return waiting.told

    def look_at_day(self) -> Future[Done]:
        """Follow the published run and the day, in turn with the messages."""
        return self.put((), _DAY)

    def close(self) -> None:
        """Take what waits, then end; who comes later is turned away."""
        with self._changed:
            self._ending = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while group := self._next():
            self._take(group)
            size = sum((one.size for one in group), Counter[str]())
            with self._changed:
                self._held -= size
            self._figures.waiting.dec(size["messages"])

    def _next(self) -> list[_Waiting]:
        """Return what is taken together; nothing at the end."""
        with self._changed:
            while not self._waiting:
                if self._ending:
                    return []
                self._changed.wait()
            group = [self._waiting.popleft()]
            size = len(group[0].messages)
            while self._waiting and self._waiting[0].source == group[0].source:
                size += len(self._waiting[0].messages)
                if size > TOGETHER:
                    break
                group.append(self._waiting.popleft())
            return group

    def _take(self, group: list[_Waiting]) -> None:
        """Commit what requests brought, and tell each what became of its own messages."""
        # Who has gone meanwhile was promised nothing, and cannot go any more from here on.
        group = [
            one for one in group if one.told.running() or one.told.set_running_or_notify_cancel()
        ]
        if not group:
            return
        try:
            done = self._commit(group)
        except CoterieError as error:
            for one in group:
                one.told.set_exception(error)
        except Exception as error:  # noqa: BLE001 - whoever waits is told, and the thread goes on
            if len(group) == 1:
                _LOG.exception("messages failed")
                group[0].told.set_exception(error)
                return
            for one in group:  # what one request brought must not fail the others
                self._take([one])
        else:
            start = 0
            for one in group:
                stop = start + len(one.messages)
                one.told.set_result(done.part(start, stop))
                start = stop

    def _commit(self, group: list[_Waiting]) -> Done:
        stream = self._stream()
        if group[0].source == _DAY:
            return Done(0, 0, 0, 0, stream.advance())
        messages = [message for one in group for message in one.messages]
        began = time.perf_counter()
        done = stream.take(messages, source=group[0].source)
        self._figures.note(done, time.perf_counter() - began)
        return done


def _busy(said: str, code: str) -> RefusedError:
    return RefusedError(503, said, code=code, wait=AGAIN)
