"""The error of the MQTT decoder, which names the statement that the bytes break."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import RemoteProtocolError

if TYPE_CHECKING:
    from harness.wire.mqtt_packet import Packet


class MalformedPacket(RemoteProtocolError):
    """The bytes are no MQTT 3.1.1 control packet; whoever receives them closes (MQTT-4.8.0-1).

    Attributes:
        statement: The normative statement that is broken, such as ``MQTT-3.3.1-4``; where the
            specification rules without a number, the section, such as ``section 2.2.3``.
        kind: Name of the packet, such as ``PUBLISH``; empty when the type itself is wrong.
        text: What is wrong, as one clause.
        before: The packets that the same call of `PacketStream.receive` had decoded before.
    """

    def __init__(
        self,
        text: str,
        *,
        statement: str,
        kind: str = "",
        received: bytes = b"",
        expected: str = "",
    ) -> None:
        """Build the error; `received` is the malformed packet as far as it came."""
        super().__init__(
            f"malformed {kind or 'packet'}: {text}",
            received=received,
            on="MQTT 3.1.1 stream",
            expected=expected,
            advice=f"MQTT 3.1.1, {statement}",
        )
        self.statement = statement
        self.kind = kind
        self.text = text
        self.before: tuple[Packet, ...] = ()
