"""Facts about single MQTT packets, read from Mosquitto's log.

This is the broker's account, good enough to count packets and to see their order and flags. The
bytes themselves are not in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.broker.log import LogLine


@dataclass(frozen=True)
class LoggedPacket:
    """One packet between the broker and a client.

    Attributes:
        at_s: When the log told of it, in seconds of `time.monotonic`.
        is_received: True for client to broker, False for broker to client.
        kind: Name as in MQTT 3.1.1, such as ``PUBLISH``. CONNECT has no line of its own, see
            `harness.broker.connection`.
        client_id: Of the client; in a refused CONNACK its address instead.
        packet_id: Packet identifier where the log has it; 0 in a PUBLISH with QoS 0.
        topic: Of a PUBLISH.
        size_bytes: Of a PUBLISH: size of the payload.
        qos: Of a PUBLISH.
        retain: Of a PUBLISH.
        dup: Of a PUBLISH.
        filters: Of a SUBSCRIBE: each filter with the QoS asked for; of an UNSUBSCRIBE with -1.
    """

    at_s: float
    is_received: bool
    kind: str
    client_id: str
    packet_id: int | None = None
    topic: str = ""
    size_bytes: int = 0
    qos: int = 0
    retain: bool = False
    dup: bool = False
    filters: tuple[tuple[str, int], ...] = ()


_HEAD = re.compile(r"(Received|Sending) ([A-Z]+) (?:from|to) (.*)")
_PUBLISH = re.compile(
    r"(?P<id>.*) \(d(?P<dup>[01]), q(?P<qos>[012]), r(?P<retain>[01]), m(?P<mid>\d+), "
    r"'(?P<topic>.*)', \.\.\. \((?P<size>\d+) bytes\)\)"
)
_ACK = re.compile(r"(?P<id>.*) \((?:m|Mid: )(?P<mid>\d+)(?:, (?:rc|RC:)\d+)?\)")
_CONNACK = re.compile(r"(?P<id>.*) \(\d+, \d+\)")
_FILTER = re.compile(r"\t(.*) \(QoS ([012])\)")


def _packet(line: LogLine) -> LoggedPacket | None:
    head = _HEAD.fullmatch(line.text)
    if head is None:
        return None
    way, kind, rest = head.groups()
    packet = LoggedPacket(line.at_s, way == "Received", kind, rest)
    if kind == "PUBLISH" and (found := _PUBLISH.fullmatch(rest)):
        return replace(
            packet,
            client_id=found["id"],
            packet_id=int(found["mid"]),
            topic=found["topic"],
            size_bytes=int(found["size"]),
            qos=int(found["qos"]),
            retain=found["retain"] == "1",
            dup=found["dup"] == "1",
        )
    if kind == "CONNACK" and (found := _CONNACK.fullmatch(rest)):
        return replace(packet, client_id=found["id"])
    if kind.startswith("PUB") and (found := _ACK.fullmatch(rest)):
        return replace(packet, client_id=found["id"], packet_id=int(found["mid"]))
    return packet


def packets(lines: Iterable[LogLine]) -> tuple[LoggedPacket, ...]:
    """Read the packets from a log of Mosquitto with ``log_type all``, in order of time."""
    found: list[LoggedPacket] = []
    is_list = False  # whether the line before was a SUBSCRIBE or UNSUBSCRIBE, or one of its filters
    for line in lines:
        packet = _packet(line)
        if packet is not None:
            found.append(packet)
            is_list = packet.is_received and packet.kind in {"SUBSCRIBE", "UNSUBSCRIBE"}
        elif is_list and line.text.startswith("\t"):
            match = _FILTER.fullmatch(line.text)
            entry = (match[1], int(match[2])) if match else (line.text[1:], -1)
            found[-1] = replace(found[-1], filters=(*found[-1].filters, entry))
        # Between the filters of one packet stand lines about what was granted; they end nothing.
    return tuple(found)
