"""Packets of a broker, right and wrong, made by chance from a seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from harness.wire.mqtt_frame import encode_length, frame
from harness.wire.mqtt_packet import (
    ConnAck,
    Disconnect,
    PingReq,
    PingResp,
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
from harness.wire.mqtt_string import encode_uint16

#: What the client accepts at most is 32 KiB; these are around it.
_LARGE = (8185, 8193, 32760, 32763, 32764, 32768, 40000)
_SIZES = (
    0,
    0,
    1,
    2,
    16,
    120,
    121,
    122,
    123,
    127,
    128,
    129,
    250,
    251,
    255,
    256,
    257,
    300,
    511,
    2000,
)
_TOPICS = ("fuzz/a", "fuzz/b", "fuzz", "/", "fuzz/" + "t" * 120, "fuzz/\u6e29\u5ea6", "\ufefffuzz")
#: Ill-formed UTF-8: lone continuation, overlong, surrogate, above U+10FFFF, cut short, U+0000.
_ILL = (
    b"\x80",
    b"\xc0\xaf",
    b"\xe0\x80\xaf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xf8\x88",
    b"\0",
)


@dataclass(frozen=True)
class Said:
    """A packet that the broker says, right or wrong.

    Attributes:
        data: Its bytes.
        what: In words.
        breaks: Whether it moves the boundaries of what follows.
    """

    data: bytes
    what: str
    breaks: bool = False


class PacketMaker:
    """Makes packets for one case."""

    def __init__(self, random: Random, tables: Sequence[tuple[str, bytes]]) -> None:
        """Draw from `random`.

        Args:
            random: The case's own.
            tables: More packets, right and wrong: name and bytes.
        """
        self._random = random
        self._tables = tables
        #: Ids that mean something to the client now: of its exchanges, and of held messages.
        self.ids = [1]

    def id(self) -> int:
        """Return a packet id, often one that means something."""
        chance = self._random.random()
        if chance < 0.7:  # noqa: PLR2004 - a chance
            return self._random.choice(self.ids)
        return self._random.choice(
            (1, 2, 3, 255, 256, 32768, 65535, self._random.randint(1, 65535))
        )

    def message(self) -> Publish:
        """Return a right PUBLISH."""
        random = self._random
        qos = random.choice((0, 0, 1, 1, 2))
        size = random.choice(_LARGE) if random.random() < 0.01 else random.choice(_SIZES)  # noqa: PLR2004
        payload = random.choice((b"x", b"\xff", b"\xc3\xa9")) * size
        return Publish(
            random.choice(_TOPICS),
            payload[:size],
            qos,
            random.random() < 0.2,  # noqa: PLR2004 - a chance
            qos > 0 and random.random() < 0.3,  # noqa: PLR2004
            self.id() if qos else 0,
        )

    def right(self) -> Said:
        """Return a well-formed packet, which may be out of place."""
        random = self._random
        chance = random.random()
        if chance < 0.5:  # noqa: PLR2004 - a chance
            packet = self.message()
            return Said(packet.encode(), f"PUBLISH QoS {packet.qos} id {packet.packet_id}")
        if chance < 0.93:  # noqa: PLR2004
            kind = random.choice((PubAck, PubRec, PubRel, PubComp, UnsubAck))
            if random.random() < 0.15:  # noqa: PLR2004
                return Said(SubAck(self.id(), (random.choice((0, 1, 2, 128)),)).encode(), "SUBACK")
            if random.random() < 0.15:  # noqa: PLR2004
                return Said(PingResp().encode(), "PINGRESP")
            ack = kind(self.id())
            return Said(ack.encode(), f"{ack.kind} id {ack.packet_id}")
        if chance < 0.96 and self._tables:  # noqa: PLR2004
            name, data = random.choice(self._tables)
            return Said(data, f"table: {name}", breaks=True)
        misplaced = random.choice(
            (
                ConnAck(random.random() < 0.5, random.choice((0, 1, 5, 6))),  # noqa: PLR2004
                PingReq(),
                Disconnect(),
                Subscribe(self.id(), (("fuzz/a", 1),)),
                Unsubscribe(self.id(), ("fuzz/a",)),
            )
        )
        return Said(misplaced.encode(), f"{misplaced.kind} out of place")

    def wrong(self, around: Said | None = None) -> Said:
        """Return a packet with a fault.

        Args:
            around: The packet to spoil; one made by chance without.
        """
        said = around or self.right()
        name, mutate = self._random.choice(_MUTATIONS)
        data, breaks = mutate(self._random, said.data)
        return Said(data, f"{name} of {said.what}", breaks or said.breaks)


Mutation = Callable[[Random, bytes], tuple[bytes, bool]]


def _body_of(data: bytes) -> bytes:
    at = 1
    while at < len(data) - 1 and data[at] & 0x80:
        at += 1
    return data[at + 1 :]


def _flip(random: Random, data: bytes) -> tuple[bytes, bool]:
    at = random.randrange(min(len(data), 12) * 8)
    return _put(data, at // 8, data[at // 8] ^ 1 << at % 8), True


def _put(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + bytes((value & 255,)) + data[at + 1 :]


def _byte(random: Random, data: bytes) -> tuple[bytes, bool]:
    return _put(data, random.randrange(len(data)), random.choice((0, 1, 127, 128, 255))), True


def _type(random: Random, data: bytes) -> tuple[bytes, bool]:
    return _put(data, 0, random.randrange(16) << 4 | data[0] & 15), False


def _flags(random: Random, data: bytes) -> tuple[bytes, bool]:
    return _put(data, 0, data[0] & 0xF0 | random.randrange(16)), False


def _length(random: Random, data: bytes) -> tuple[bytes, bool]:
    size = len(_body_of(data))
    wrong = max(0, size + random.choice((-2, -1, 1, 2, 3, 128, 16384, 32768, 2097152, 260000000)))
    return data[:1] + encode_length(wrong) + _body_of(data), True


def _overlong(random: Random, data: bytes) -> tuple[bytes, bool]:
    length = bytearray(encode_length(len(_body_of(data))))
    while len(length) < random.choice((2, 3, 4, 5, 6)):
        length[-1] |= 0x80
        length.append(0)
    return data[:1] + bytes(length) + _body_of(data), len(length) > 4  # noqa: PLR2004 - 2.2.3


def _cut(random: Random, data: bytes) -> tuple[bytes, bool]:
    return data[: random.randrange(1, len(data))], True


def _short(random: Random, data: bytes) -> tuple[bytes, bool]:
    body = _body_of(data)
    return frame(data[0], body[: random.randrange(len(body) + 1)]), False


def _long(random: Random, data: bytes) -> tuple[bytes, bool]:
    return frame(data[0], _body_of(data) + random.randbytes(random.randint(1, 4))), False


def _insert(random: Random, data: bytes) -> tuple[bytes, bool]:
    at = random.randrange(len(data))
    return data[:at] + random.randbytes(random.randint(1, 4)) + data[at:], True


def _delete(random: Random, data: bytes) -> tuple[bytes, bool]:
    at = random.randrange(len(data))
    return data[:at] + data[at + random.randint(1, 3) :] or b"\x00", True


def _id(random: Random, data: bytes) -> tuple[bytes, bool]:
    number = encode_uint16(random.choice((0, 0, 1, 2, 65535)))
    body = _body_of(data)
    at = 0
    if data[0] >> 4 == 3 and len(body) > 1:  # noqa: PLR2004 - PUBLISH
        at = 2 + int.from_bytes(body[:2], "big")
    return frame(data[0], body[:at] + number + body[at + 2 :]), False


def _text(random: Random, data: bytes) -> tuple[bytes, bool]:
    """Put something into a topic that no topic may have."""
    ill = random.choice((*_ILL, b"+", b"#", b"a/+", b""))
    qos = data[0] >> 1 & 3 if data[0] >> 4 == 3 else 0  # noqa: PLR2004 - PUBLISH
    topic = ill and random.choice((b"", b"fuzz/")) + ill
    number = encode_uint16(7) if qos else b""
    return frame(0x30 | qos << 1, encode_uint16(len(topic)) + topic + number + b"x"), False


def _topic_length(random: Random, data: bytes) -> tuple[bytes, bool]:
    number = encode_uint16(random.choice((0, 1, 255, 32767, 65535)))
    return frame(0x30 | data[0] & 7, number + _body_of(data)[2:]), False


def _oversize(random: Random, _data: bytes) -> tuple[bytes, bool]:
    size = random.choice((32769, 40000, 2097152, 268435455))
    head = bytes((0x30 | random.choice((0, 2, 4)),)) + encode_length(size)
    return head + b"\x00\x04fuzz\x00\x01" + bytes(random.randrange(300)), True


def _noise(random: Random, _data: bytes) -> tuple[bytes, bool]:
    return random.randbytes(random.randint(1, 40)), True


def _code(random: Random, data: bytes) -> tuple[bytes, bool]:
    """Change the last byte: the return code of those that have one."""
    return _put(data, len(data) - 1, random.choice((3, 4, 6, 127, 128, 129, 255))), False


_MUTATIONS: tuple[tuple[str, Mutation], ...] = (
    ("bit flip", _flip),
    ("byte", _byte),
    ("type", _type),
    ("flags", _flags),
    ("length", _length),
    ("over-long length", _overlong),
    ("truncation", _cut),
    ("short body", _short),
    ("long body", _long),
    ("insertion", _insert),
    ("deletion", _delete),
    ("id", _id),
    ("text", _text),
    ("topic length", _topic_length),
    ("oversize", _oversize),
    ("noise", _noise),
    ("code", _code),
)
