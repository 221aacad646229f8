"""MQTT messages as the harness sees them, and choosing one among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

#: Says of a delivery whether it is the one that is waited for.
Match = Callable[["Delivery"], bool]


@dataclass(frozen=True)
class Delivery:
    """One message as it came from, or went to, the broker.

    Attributes:
        topic: Topic name.
        payload: The message itself.
        qos: 0, 1 or 2; for a received message that of the delivery, which is the lower one of
            publisher and subscription.
        retain: The retain flag; a received message has it when it was stored before we subscribed.
        dup: Whether the broker says that it may have sent this message before.
        at_s: When it came or was handed over, in seconds of `time.monotonic`.
    """

    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    at_s: float

    @property
    def text(self) -> str:
        """The payload as text; bytes that are not UTF-8 appear in hexadecimal."""
        return self.payload.decode(errors="backslashreplace")

    def __str__(self) -> str:
        """Return topic, payload and flags in one line."""
        flags = f"qos {self.qos}" + ", retained" * self.retain + ", dup" * self.dup
        return f"{self.topic} {self.payload!r} ({flags})"


def matching(
    topic: str | None = None,
    payload: bytes | str | None = None,
    *,
    qos: int | None = None,
    retain: bool | None = None,
) -> Match:
    """Return a `Match` for deliveries that have all the given values.

    Args:
        topic: The whole topic name, or None for any.
        payload: The whole payload (text stands for its UTF-8 bytes), or None for any.
        qos: The delivery's QoS, or None for any.
        retain: The delivery's retain flag, or None for any.
    """
    data = payload.encode() if isinstance(payload, str) else payload

    def match(delivery: Delivery) -> bool:
        return (
            topic in (None, delivery.topic)
            and data in (None, delivery.payload)
            and qos in (None, delivery.qos)
            and retain in (None, delivery.retain)
        )

    return match


@dataclass(frozen=True)
class Will:
    """The message that the broker publishes when the client vanishes.

    Attributes:
        topic: Topic name.
        payload: The message itself.
        qos: 0, 1 or 2.
        retain: Whether the broker stores it for later subscribers.
    """

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
