"""What is wrong with what a client did in a fuzzed case, and which of its packets count.

The client is held against the strict decoder of `harness.wire`: what a call returned must have been
said, what the callback got must have come, and bytes that are no packet must end the connection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.bench.fuzz_case import Case, CaseSeen, Step, StepSeen
from harness.wire.mqtt_error import MalformedPacket
from harness.wire.mqtt_packet import (
    ConnAck,
    Packet,
    PingResp,
    PubAck,
    PubComp,
    Publish,
    PubRec,
    SubAck,
)
from harness.wire.mqtt_stream import PacketStream

#: What a fault is called.
HANG, EXCEPTION, AFTERWARDS, RESULT, TIME, HEAP, ENDED = (
    "hang",
    "exception outside the three ways",
    "unusable afterwards",
    "wrong result",
    "late",
    "heap growth",
    "interpreter ended",
)
FAULTS = (HANG, EXCEPTION, AFTERWARDS, RESULT, TIME, HEAP, ENDED)

#: The limit of the client, for an answer, a packet that has begun, a write, a connection attempt.
_LIMIT_MS = 10_000
#: Answers that a call waits for; twice the limit each, since a packet may begin just before it.
_ANSWERS = {"connect": 1, "reconnect": 3, "ping": 1, "subscribe": 1, "unsubscribe": 1}
_FROM_CLIENTS = {"CONNECT", "SUBSCRIBE", "UNSUBSCRIBE", "PINGREQ", "DISCONNECT"}
#: Of the client's queue, MQTT-50; with fewer messages none is dropped.
_QUEUE_MESSAGES, _QUEUE_BYTES = 20, 8192


@dataclass(frozen=True)
class Counted:
    """The fuzzed packets of a case that were parsed up to their fault.

    Attributes:
        packets: How many.
        live: How many of them on a live session.
    """

    packets: int
    live: int


def count(case: Case, seen: CaseSeen) -> Counted:
    """Count what arrived.

    A packet arrives when the client begins to read the last of its bytes. Of several in one read
    only the first is sure, unless the client went on behind them. Behind a packet that moves the
    boundaries nothing counts on that connection.
    """
    chunks = case.chunks
    total = 0
    is_readable = True
    for step, did in zip(case.steps, seen.steps, strict=False):
        if step.call in ("connect", "reconnect"):
            is_readable = True
        for place, number in enumerate(did.begun):
            chunk = chunks[number]
            if is_readable and chunk.packets:
                went_on = did.is_open or place + 1 < len(did.begun)
                total += chunk.packets if went_on else 1
            is_readable = is_readable and not chunk.breaks
    return Counted(total, total if case.is_live else 0)


@dataclass
class _Heard:
    """What one connection has brought.

    Attributes:
        stream: Its decoder.
        packets: What it has decoded.
    """

    stream: PacketStream = field(default_factory=PacketStream)
    packets: list[Packet] = field(default_factory=list)

    def receive(self, data: bytes) -> list[Packet]:
        """Take bytes; what is no packet leaves the decoder broken."""
        try:
            came = self.stream.receive(data)
        except MalformedPacket as error:
            came = list(error.before)
        self.packets += came
        return came

    @property
    def must_end(self) -> str:
        """Why the connection cannot go on; empty when it can."""
        if self.stream.is_broken:
            return "bytes that are no packet"
        for place, packet in enumerate(self.packets):
            if packet.kind in _FROM_CLIENTS or (packet.kind == "CONNACK") != (place == 0):
                return f"a {packet.kind} out of place"
        return ""


def faults(case: Case, seen: CaseSeen) -> Iterator[tuple[str, str]]:
    """Find what is wrong: kind of fault, and what was seen, in words."""
    chunks = case.chunks
    heard = _Heard()
    came: list[Publish] = []
    was_open = False
    for number, (step, did) in enumerate(zip(case.steps, seen.steps, strict=False)):
        where = f"step {number}, {step.call}"
        if did.outcome.startswith("!"):
            text = did.outcome[1:]
            yield HANG if text.startswith("hang") else EXCEPTION, f"{where}: {text}"
            return
        if step.call in ("connect", "reconnect"):
            heard = _Heard()
        for each in did.begun:
            packets = heard.receive(chunks[each].data)
            came += [packet for packet in packets if isinstance(packet, Publish)]
        limit_ms = _limit_ms(case, step, did)
        if did.took_ms > limit_ms:
            yield TIME, f"{where}: {did.took_ms} ms, limit {limit_ms} ms"
        wrong = _wrong_result(step, did, heard.packets)
        if not wrong and was_open and case.callback != "disconnect":
            wrong = _silent_end(did)
        if wrong:
            yield RESULT, f"{where}: {did.outcome}, but {wrong}"
        was_open = did.is_open
    last = seen.steps[-1]
    # The last call looks at all that is there: when it returns, nothing is unread.
    if last.is_open and last.outcome == "returned" and (why := heard.must_end):
        yield RESULT, f"the connection stands after {why}"
    yield from _wrong_messages(case, seen, came)
    if seen.after:
        yield AFTERWARDS, seen.after


def _silent_end(did: StepSeen) -> str:
    is_told = did.is_open or not did.outcome.startswith("returned")
    return "" if is_told else "the connection was given up, and nobody was told"


def _limit_ms(case: Case, step: Step, did: StepSeen) -> int:
    if step.call in ("wait_msg", "check_msg"):
        limit_ms = 2 * _LIMIT_MS * (len(did.begun) + 2)
        if step.call == "wait_msg" or case.callback == "wait":
            limit_ms += 3000 * case.keepalive + sum(chunk.delay_ms for chunk in case.chunks)
        if case.callback in ("acknowledged", "publish"):
            limit_ms += 3 * _LIMIT_MS * len(did.messages)
        return limit_ms
    answers = _ANSWERS.get(step.call, 0)
    if step.call == "publish":
        answers = sum(step.arguments[3:])  # its QoS: PUBACK, or PUBREC and PUBCOMP
    is_attempt = step.call in ("connect", "reconnect")
    return _LIMIT_MS * (2 * answers + 1 + is_attempt)


def _wrong_result(step: Step, did: StepSeen, packets: list[Packet]) -> str:
    """Return why a call cannot have returned what it did; empty when it can, or has raised."""
    if not did.outcome.startswith("returned"):
        return ""
    ids = [number for first, number in did.wrote if first >> 4 in (3, 8, 10) and number]
    number = ids[-1] if ids else 0
    code = int(did.outcome.partition(" ")[2] or 0)
    needed: list[Packet] = []
    if step.call == "publish" and step.arguments[3:] == (1,):
        needed = [PubAck(number)]
    elif step.call == "publish" and step.arguments[3:] == (2,):
        needed = [PubRec(number), PubComp(number)]
    elif step.call == "subscribe":
        needed = [SubAck(number, (code,))]
    elif step.call == "ping":
        needed = [PingResp()]
    elif step.call in ("connect", "reconnect"):
        needed = [ConnAck(bool(code), 0)]
    missing = [each for each in needed if each not in packets]
    return f"there was no {missing[0]}" if missing else ""


def _wrong_messages(case: Case, seen: CaseSeen, came: list[Publish]) -> Iterator[tuple[str, str]]:
    sent = [(packet.topic.encode(), packet.payload) for packet in came]
    got = [message for did in seen.steps for message in did.messages]
    rest = iter(sent)
    for message in got:
        if message not in rest:
            yield RESULT, f"the callback got {_short(message)}, which did not come in this order"
            return
    size = sum(len(topic) + len(payload) for topic, payload in sent)
    is_whole = all(did.outcome.startswith("returned") for did in seen.steps)
    if is_whole and not case.callback and len(sent) <= _QUEUE_MESSAGES and size <= _QUEUE_BYTES:
        missing = Counter(
            (packet.topic.encode(), packet.payload)
            for packet in came
            if packet.qos < 2  # noqa: PLR2004 - QoS 2 comes once
        ) - Counter(got)
        if missing:
            yield RESULT, f"the callback did not get {_short(next(iter(missing)))}"


def _short(message: tuple[bytes, bytes]) -> str:
    topic, payload = message
    return f"{topic[:40]!r}, {payload[:40]!r} ({len(payload)} bytes)"
