"""What can be set of a stream."""

from __future__ import annotations

from pydantic import Field, field_validator

from coterie.schema import Params

KAFKA_OPTIONS = (
    "security.protocol",
    "sasl.mechanism",
    "sasl.username",
    "sasl.password",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.key.password",
)
"""What may be set of the way to Kafka: others of the library's options name programs to be run."""


class Webhook(Params):
    """``[[stream.webhooks]]``: an address that is told who moved."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    url: str = Field(min_length=8, max_length=2_000)
    secret: str = ""
    """``env:NAME``: the variable that holds the key of the signature, at least 16 characters."""
    types: tuple[str, ...] = ()
    """Types of messages to send; empty for all."""

    @field_validator("secret")
    @classmethod
    def _check_secret(cls, secret: str) -> str:
        if not secret.startswith("env:") or len(secret) < 5:
            raise ValueError("must name a variable of the environment, such as env:HOOK_SECRET")
        return secret


class StreamParams(Params):
    """``[stream]``: events as they happen."""

    hysteresis: float = Field(default=1.0, ge=0, le=10, allow_inf_nan=False)
    """By how much a segment must be nearer (squared distance) before a customer is called by it."""
    value_change: float = Field(default=0.25, gt=0, le=10, allow_inf_nan=False)
    """Relative change of expected value that is told."""
    keep_days: int = Field(default=30, ge=1, le=3_650)
    """Days for which events are kept that a batch run has seen: an event that comes again later is
    not recognised by its id alone."""
    kafka: str = ""
    """Servers, ``host:port`` and more with commas between, or ``env:NAME``."""
    kafka_options: dict[str, str] = {}
    """How the servers are reached safely; a value may be ``env:NAME``."""
    topic: str = "coterie.events"
    group: str = "coterie"
    batch: int = Field(default=20_000, ge=1, le=100_000)
    """Messages of Kafka that are counted together."""
    out_topic: str = ""
    """Topic that is told who moved; empty for none."""
    dead_topic: str = ""
    """Topic that gets messages which cannot be used, beside the table; empty for none."""
    webhooks: tuple[Webhook, ...] = ()

    @field_validator("kafka_options")
    @classmethod
    def _check_options(cls, options: dict[str, str]) -> dict[str, str]:
        if unknown := sorted(set(options).difference(KAFKA_OPTIONS)):
            raise ValueError(f"{unknown[0]} is not known. Known: {', '.join(KAFKA_OPTIONS)}")
        return options
