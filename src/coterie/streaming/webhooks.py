"""Webhooks: addresses of users that are told who moved, signed, some messages at a time.

Who receives them checks the signature over the body as it came, and knows by ``id`` what came
before.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from coterie.errors import CoterieError, ParameterError
from coterie.http import SIGNATURE, Wire, post, sign
from coterie.streaming.outbox import Message, UndeliveredError
from coterie.streaming.params import Webhook

DELIVERY = "coterie-delivery"
"""Header with the id of what is sent: the same when the same messages are sent again."""
SHORTEST = 16
"""Characters of a key."""
GONE = 410


class WebhookSink:
    """An address that is told who moved.

    Parameters
    ----------
    webhook : Webhook
        The settings.
    wire : Wire, optional
        How the network is reached.

    Raises
    ------
    ParameterError
        If the key of the signature is not in the environment, or too short.
    """

    tells: Literal["moves", "dead"] = "moves"
    most = 100
    gives_up = True

    def __init__(self, webhook: Webhook, wire: Wire | None = None) -> None:
        self.name = f"webhook:{webhook.name}"
        self.types = frozenset(webhook.types)
        self._url = webhook.url
        self._secret = _secret(webhook)
        self._wire = wire or Wire()

    def send(self, messages: Sequence[Message], now: datetime) -> None:
        """Send messages as one JSON list.

        Parameters
        ----------
        messages : sequence of dict
            In order.
        now : datetime
            When; it is signed too.

        Raises
        ------
        UndeliveredError
            If the answer is none of 200 to 299.
        """
        body = json.dumps(messages, allow_nan=False).encode()
        ids = "".join(message["id"] for message in messages).encode()
        headers = {
            "content-type": "application/json",
            SIGNATURE: sign(self._secret, body, at=int(now.timestamp())),
            DELIVERY: hashlib.sha256(ids).hexdigest()[:32],
        }
        try:
            status = post(self._url, body, headers=headers, wire=self._wire).status
        except CoterieError as error:
            raise UndeliveredError(str(error)) from error
        if not 200 <= status < 300:
            raise UndeliveredError(f"The answer was {status}.", gone=status == GONE)


def _secret(webhook: Webhook) -> bytes:
    variable = webhook.secret.removeprefix("env:")
    secret = os.environ.get(variable, "")
    if len(secret) < SHORTEST:
        came = f"has {len(secret)} characters" if secret else "is not set"
        raise ParameterError(
            f"The environment variable {variable} {came}.",
            allowed=f"a key of at least {SHORTEST} characters",
            hint=f'export {variable}="$(openssl rand -hex 32)"',
            where=f"stream.webhooks.{webhook.name}.secret",
        )
    return secret.encode()
