"""Exchanges that a broker has begun, and how the client answers in them.

They outlive a connection, as a part of the session's state (4.1); the answers that are due do not,
since what is not answered is sent again.

Source: MQTT 3.1.1, sections 2.3.1, 3.3.4, 4.3, 4.4 and 4.6.
"""

from __future__ import annotations

from dataclasses import replace

from harness.wire.mqtt_event import Breach
from harness.wire.mqtt_packet import Packet, PubAck, PubComp, Publish, PubRec, PubRel
from harness.wire.mqtt_string import MAX_UINT16

# Table 3.4: the answers to a PUBLISH and to what follows it, by its QoS.
_ANSWERS = {1: ("PUBACK",), 2: ("PUBREC", "PUBCOMP")}

# The answers that come in the order of what they answer; PUBCOMP has no order of its own.
_ORDER = {"PUBACK": "MQTT-4.6.0-2", "PUBREC": "MQTT-4.6.0-3"}


class ToClient:
    """The broker's PUBLISH at QoS 1 and 2."""

    def __init__(self) -> None:
        """Begin with none."""
        self._open: dict[int, Publish] = {}
        self._received: set[int] = set()  # ids at QoS 2 whose PUBREC has come
        self._here: set[int] = set()  # ids that were sent on this connection
        self._due: list[tuple[str, int]] = []
        self._last_id = 0

    @property
    def due(self) -> tuple[tuple[str, int], ...]:
        """Answers that the client owes for what it was sent on this connection, in their order."""
        return tuple(self._due)

    @property
    def open_ids(self) -> tuple[int, ...]:
        """Identifiers of the exchanges that are not finished, oldest first."""
        return tuple(self._open)

    def begin(self) -> None:
        """Begin another connection of the same session."""
        self._due.clear()
        self._here.clear()

    def forget_earlier(self) -> None:
        """Drop what earlier connections have left, and keep what was sent on this one."""
        for number in tuple(self._open):
            if number not in self._here:
                del self._open[number]
                self._received.discard(number)

    def next_id(self) -> int:
        """Return an identifier that is not in use (MQTT-2.3.1-4), 1 to 65535 in turn."""
        for _ in range(MAX_UINT16):
            self._last_id = self._last_id % MAX_UINT16 + 1
            if self._last_id not in self._open:
                break
        return self._last_id

    def unfinished(self) -> tuple[Packet, ...]:
        """Return what a broker sends again on a new connection, in its order (MQTT-4.4.0-1)."""
        return tuple(
            PubRel(number) if number in self._received else replace(packet, dup=True)
            for number, packet in self._open.items()
        )

    def sent(self, packet: Packet) -> None:
        """Take note of what was sent to the client."""
        if isinstance(packet, Publish) and packet.qos:
            self._open[packet.packet_id] = packet
            self._here.add(packet.packet_id)
            self._due.append((_ANSWERS[packet.qos][0], packet.packet_id))
        elif isinstance(packet, PubRel):
            self._here.add(packet.packet_id)
            self._due.append(("PUBCOMP", packet.packet_id))

    def answered(self, packet: PubAck | PubRec | PubComp) -> list[Breach]:
        """Take note of the client's answer, and return what it breaks."""
        kind, number = packet.kind, packet.packet_id
        message = self._open.get(number)
        answers = () if message is None else _ANSWERS[message.qos]
        if kind in answers:
            if kind == answers[-1]:
                del self._open[number]
                self._received.discard(number)
            else:
                self._received.add(number)
        if (kind, number) in self._due:
            return self._judge_order(kind, number)
        if kind in answers and number not in self._here:
            return []  # to a message from an earlier connection, which the client still has
        wanted = [name for name, each in self._due if each == number]
        if wanted:
            return [Breach("MQTT-3.3.4-1", f"{kind} {number} where {wanted[0]} is the answer")]
        return [Breach("MQTT-2.3.1-6", f"{kind} {number} answers nothing")]

    def _judge_order(self, kind: str, number: int) -> list[Breach]:
        first = next(each for name, each in self._due if name == kind)
        self._due.remove((kind, number))
        if first == number or kind not in _ORDER:
            return []
        return [Breach(_ORDER[kind], f"{kind} {number} comes before {first}, which was first")]
