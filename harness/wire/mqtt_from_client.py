"""Exchanges of acknowledged packets that a client has begun, and what it may do in them.

They outlive a connection, as a part of the session's state (4.1). The client is judged by what the
broker has really sent to it.

Source: MQTT 3.1.1, sections 2.3.1, 4.3, 4.4 and 4.6.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from harness.wire.mqtt_event import Breach
from harness.wire.mqtt_packet import (
    Packet,
    PubAck,
    PubComp,
    Publish,
    PubRec,
    PubRel,
    SubAck,
    Subscribe,
    UnsubAck,
    Unsubscribe,
)

Request = Publish | Subscribe | Unsubscribe
_EXACTLY_ONCE = 2


class Stage(Enum):
    """How far an exchange has come."""

    #: Its first packet was sent, and nothing has answered it.
    SENT = "sent"
    #: QoS 2: PUBREC has answered the PUBLISH.
    RECEIVED = "received"
    #: QoS 2: PUBREL has been sent, PUBCOMP has not answered it.
    RELEASED = "released"


@dataclass
class _Exchange:
    """One exchange that is not finished."""

    packet: Request
    stage: Stage = Stage.SENT


class FromClient:
    """Exchanges that the client began: its PUBLISH at QoS 1 and 2, SUBSCRIBE and UNSUBSCRIBE."""

    def __init__(self) -> None:
        """Begin with none."""
        self._open: dict[int, _Exchange] = {}
        # Identifiers whose PUBCOMP was sent: it may be lost, so that PUBREL comes again.
        self._complete: set[int] = set()
        # Identifiers of PUBLISH from earlier connections that have not come again yet.
        self._inherited: list[int] = []
        # Identifiers that have come on this connection.
        self._seen: set[int] = set()
        # Identifiers in the order of our PUBREC, whose PUBREL has not come.
        self._received: list[int] = []
        # Whether a message may have been sent before without our having seen it, as on a
        # connection that was lost while it was under way; never so in a clean session.
        self._may_be_unseen = False

    @property
    def open_ids(self) -> tuple[int, ...]:
        """Identifiers that are in use, oldest first; the client may not use them for others."""
        return tuple(self._open)

    @property
    def resend_due(self) -> tuple[int, ...]:
        """Identifiers of PUBLISH from earlier connections that the client has yet to send again."""
        return tuple(self._inherited)

    def begin(self, *, is_kept: bool) -> None:
        """Begin another connection of the same session; `is_kept` is false for a clean one."""
        self._may_be_unseen = is_kept
        # SUBSCRIBE and UNSUBSCRIBE are no part of the session's state (4.1) and are not repeated.
        self._open = {
            number: each for number, each in self._open.items() if isinstance(each.packet, Publish)
        }
        self._inherited = [
            number for number, each in self._open.items() if each.stage is Stage.SENT
        ]
        self._seen.clear()

    def forget_earlier(self) -> None:
        """Drop what earlier connections have left, and keep what came on this one."""
        for number in tuple(self._open):
            if number not in self._seen:
                del self._open[number]
        self._inherited.clear()
        self._received = [number for number in self._received if number in self._open]

    def message(self, packet: Publish) -> tuple[bool, list[Breach]]:
        """Take note of a PUBLISH.

        Returns:
            Whether its message is new to the broker, and what it breaks.
        """
        if packet.qos == 0:
            return True, []
        number = packet.packet_id
        earlier = self._open.get(number)
        is_first = number not in self._seen
        if earlier is not None and _is_same(earlier.packet, packet):
            self._seen.add(number)
            if earlier.stage is Stage.RELEASED:
                text = f"PUBLISH {number} comes again after its PUBREL"
                return False, [Breach("MQTT-4.3.3-1", text)]
            return packet.qos != _EXACTLY_ONCE, self._judge_copy(packet)
        breaches = self._take_id(packet)
        if packet.dup and earlier is None and is_first and not self._may_be_unseen:
            statement = "MQTT-4.3.3-1" if packet.qos == _EXACTLY_ONCE else "MQTT-4.3.2-1"
            breaches.append(Breach(statement, f"PUBLISH {number} has DUP set the first time"))
        return True, breaches

    def _judge_copy(self, packet: Publish) -> list[Breach]:
        number = packet.packet_id
        breaches = []
        if not packet.dup:
            breaches.append(Breach("MQTT-3.3.1-1", f"PUBLISH {number} comes again without DUP"))
        if number in self._inherited:
            first = self._inherited[0]
            self._inherited.remove(number)
            if number != first:
                text = f"PUBLISH {number} comes again before {first}, which was first"
                breaches.append(Breach("MQTT-4.6.0-1", text))
        return breaches

    def request(self, packet: Subscribe | Unsubscribe) -> list[Breach]:
        """Take note of a SUBSCRIBE or UNSUBSCRIBE, and return what it breaks."""
        return self._take_id(packet)

    def _take_id(self, packet: Request) -> list[Breach]:
        """Begin an exchange."""
        number = packet.packet_id
        self._seen.add(number)
        earlier = self._open.pop(number, None)
        self._open[number] = _Exchange(packet)
        self._complete.discard(number)
        if earlier is None:
            return []
        text = f"identifier {number} is still in use by a {earlier.packet.kind}"
        return [Breach("MQTT-2.3.1-2", text)]

    def release(self, packet: PubRel) -> list[Breach]:
        """Take note of a PUBREL, and return what it breaks."""
        number = packet.packet_id
        exchange = self._open.get(number)
        if exchange is None:
            if number in self._complete:
                return []  # 4.4: PUBCOMP may have been lost with the connection
            return [Breach("MQTT-2.3.1-6", f"PUBREL {number} belongs to no PUBLISH")]
        if exchange.stage is Stage.SENT:
            return [Breach("MQTT-4.3.3-1", f"PUBREL {number} comes before its PUBREC")]
        exchange.stage = Stage.RELEASED
        if number not in self._received:
            return []
        first = self._received[0]
        self._received.remove(number)
        if first == number:
            return []
        return [
            Breach("MQTT-4.6.0-4", f"PUBREL {number} comes before {first}, whose PUBREC was first")
        ]

    def answered(self, packet: Packet) -> Request | None:
        """Take note of an answer that was sent to the client.

        Returns:
            The packet that is finished by it; None when it finishes nothing.
        """
        if not isinstance(packet, (PubAck, PubRec, PubComp, SubAck, UnsubAck)):
            return None
        number = packet.packet_id
        exchange = self._open.get(number)
        if exchange is None or _answer_to(exchange) != packet.kind:
            return None
        if isinstance(packet, PubRec):
            exchange.stage = Stage.RECEIVED
            if number not in self._received:
                self._received.append(number)
            return None
        if isinstance(packet, PubComp):
            self._complete.add(number)
        del self._open[number]
        if number in self._inherited:
            self._inherited.remove(number)
        return exchange.packet


def _is_same(earlier: Request, packet: Publish) -> bool:
    """Tell whether a PUBLISH is the earlier one, sent again."""
    return isinstance(earlier, Publish) and replace(earlier, dup=packet.dup) == packet


def _answer_to(exchange: _Exchange) -> str:
    """Return the name of the packet that the exchange waits for from the broker."""
    packet = exchange.packet
    if isinstance(packet, Subscribe):
        return "SUBACK"
    if isinstance(packet, Unsubscribe):
        return "UNSUBACK"
    if packet.qos == 1:
        return "PUBACK"
    return "PUBCOMP" if exchange.stage is Stage.RELEASED else "PUBREC"
