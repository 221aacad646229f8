"""What a broker's side of a connection has to tell: packets, and the statements they break."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from harness.wire.mqtt_packet import Packet


class Breach(NamedTuple):
    """A normative statement that a client has broken, and how.

    Attributes:
        statement: Such as ``MQTT-2.3.1-2``; where the specification rules without a number, the
            section, such as ``section 2.2.1``.
        text: How, as one clause.
    """

    statement: str
    text: str


@dataclass(frozen=True)
class Violation:
    """One breach, with the packet that shows it.

    Attributes:
        statement: As in `Breach`.
        text: As in `Breach`.
        kind: Name of the packet; empty when not even its type was legal.
        packet: The packet, None when it could not be decoded.
        is_fatal: Whether a broker has to close for it at once. Others, such as acknowledgements
            in the wrong order, leave the connection of use.
    """

    statement: str
    text: str
    kind: str
    packet: Packet | None
    is_fatal: bool

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.statement}: {self.kind or 'packet'}: {self.text}"


@dataclass(frozen=True)
class Received:
    """A well-formed packet has come.

    Attributes:
        packet: The packet.
        violations: What it breaks, given what came before it.
        is_new: Of a PUBLISH: whether it brings a message that the broker does not own yet. False
            for a copy of a QoS 2 message (4.3.3); a copy at QoS 1 is new (4.3.2).
    """

    packet: Packet
    violations: tuple[Violation, ...] = ()
    is_new: bool = True


@dataclass(frozen=True)
class Malformed:
    """What came is no packet; nothing that follows on this connection can be read.

    Attributes:
        violation: What it breaks.
        data: The malformed packet as far as it was looked at.
    """

    violation: Violation
    data: bytes


Event = Received | Malformed
