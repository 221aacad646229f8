"""The 14 control packets of MQTT 3.1.1, each with its form on the wire.

`encode` says what it is told as far as the wire has room for it: QoS 3, a reserved return code or a
topic with a wildcard too, because a test has to be able to say wrong things. What is right is for
the decoder to say (`harness.wire.mqtt_stream`), which accepts nothing else.

Source: MQTT 3.1.1, chapters 2 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from harness.wire.mqtt_frame import frame
from harness.wire.mqtt_string import encode_string, encode_uint16


@dataclass(frozen=True)
class Will:
    """What the broker publishes when the client vanishes (3.1.2.5 to 3.1.2.7)."""

    topic: str
    payload: bytes = b""
    qos: int = 0
    retain: bool = False


@dataclass(frozen=True)
class Connect:
    """CONNECT, section 3.1: a client asks to be let in.

    Attributes:
        client_id: May be empty, with a clean session only.
        clean_session: Whether both sides forget what they know of each other.
        keepalive_s: Longest gap between two packets of the client; 0 is off.
        will: None without one.
        user: None when the flag is not set.
        password: None when the flag is not set; left out of every representation.
    """

    kind: ClassVar[str] = "CONNECT"
    client_id: str
    clean_session: bool = True
    keepalive_s: int = 0
    will: Will | None = None
    user: str | None = None
    password: bytes | None = field(default=None, repr=False)

    def encode(self) -> bytes:
        """Return the packet's bytes."""
        flags = 0x02 if self.clean_session else 0
        payload = encode_string(self.client_id)
        if self.will is not None:
            flags |= 0x04 | (self.will.qos & 3) << 3 | (0x20 if self.will.retain else 0)
            payload += encode_string(self.will.topic) + encode_string(self.will.payload)
        if self.user is not None:
            flags |= 0x80
            payload += encode_string(self.user)
        if self.password is not None:
            flags |= 0x40
            payload += encode_string(self.password)
        head = encode_string("MQTT") + bytes((4, flags)) + encode_uint16(self.keepalive_s)
        return frame(0x10, head + payload)


@dataclass(frozen=True)
class ConnAck:
    """CONNACK, section 3.2: accepted (code 0) or refused (1 to 5)."""

    kind: ClassVar[str] = "CONNACK"
    session_present: bool = False
    code: int = 0

    def encode(self) -> bytes:
        """Return the packet's bytes."""
        return frame(0x20, bytes((self.session_present, self.code & 0xFF)))


@dataclass(frozen=True)
class Publish:
    """PUBLISH, section 3.3: a message, in either direction.

    Attributes:
        topic: Topic name.
        payload: The message.
        qos: 0, 1 or 2.
        retain: Whether it is to be stored (to a broker) or was (from one).
        dup: Whether it may have been sent before.
        packet_id: 0 at QoS 0, where the packet has none.
    """

    kind: ClassVar[str] = "PUBLISH"
    topic: str
    payload: bytes = b""
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int = 0

    def encode(self) -> bytes:
        """Return the packet's bytes."""
        first = 0x30 | self.dup << 3 | (self.qos & 3) << 1 | self.retain
        # MQTT-2.3.1-5: no identifier at QoS 0.
        packet_id = encode_uint16(self.packet_id) if self.qos else b""
        return frame(first, encode_string(self.topic) + packet_id + self.payload)


@dataclass(frozen=True)
class _OnlyId:
    """What five packets have in common: two bytes of packet identifier, and nothing else."""

    kind: ClassVar[str]
    first: ClassVar[int]
    packet_id: int

    def encode(self) -> bytes:
        """Return the packet's bytes."""
        return frame(self.first, encode_uint16(self.packet_id))


@dataclass(frozen=True)
class PubAck(_OnlyId):
    """PUBACK, section 3.4: a message at QoS 1 has been taken over."""

    kind: ClassVar[str] = "PUBACK"
    first: ClassVar[int] = 0x40


@dataclass(frozen=True)
class PubRec(_OnlyId):
    """PUBREC, section 3.5: a message at QoS 2 has come, first answer."""

    kind: ClassVar[str] = "PUBREC"
    first: ClassVar[int] = 0x50


@dataclass(frozen=True)
class PubRel(_OnlyId):
    """PUBREL, section 3.6: its sender will not send that message again."""

    kind: ClassVar[str] = "PUBREL"
    first: ClassVar[int] = 0x62  # MQTT-3.6.1-1


@dataclass(frozen=True)
class PubComp(_OnlyId):
    """PUBCOMP, section 3.7: the exchange at QoS 2 is complete."""

    kind: ClassVar[str] = "PUBCOMP"
    first: ClassVar[int] = 0x70


@dataclass(frozen=True)
class Subscribe:
    """SUBSCRIBE, section 3.8: each topic filter with the highest QoS to be delivered."""

    kind: ClassVar[str] = "SUBSCRIBE"
    packet_id: int
    filters: tuple[tuple[str, int], ...]

    def encode(self) -> bytes:
        """Return the packet's bytes."""
        pairs = b"".join(encode_string(name) + bytes((qos & 0xFF,)) for name, qos in self.filters)
        return frame(0x82, encode_uint16(self.packet_id) + pairs)  # MQTT-3.8.1-1


@dataclass(frozen=True)
class SubAck:
    """SUBACK, section 3.9: for each topic filter the QoS that is granted, or 0x80."""

    kind: ClassVar[str] = "SUBACK"
    packet_id: int
    codes: tuple[int, ...]

    def encode(self) -> bytes:
        """Return the packet's bytes."""
        return frame(0x90, encode_uint16(self.packet_id) + bytes(self.codes))


@dataclass(frozen=True)
class Unsubscribe:
    """UNSUBSCRIBE, section 3.10: topic filters that are given up."""

    kind: ClassVar[str] = "UNSUBSCRIBE"
    packet_id: int
    filters: tuple[str, ...]

    def encode(self) -> bytes:
        """Return the packet's bytes."""
        names = b"".join(encode_string(name) for name in self.filters)
        return frame(0xA2, encode_uint16(self.packet_id) + names)  # MQTT-3.10.1-1


@dataclass(frozen=True)
class UnsubAck(_OnlyId):
    """UNSUBACK, section 3.11: the filters are given up."""

    kind: ClassVar[str] = "UNSUBACK"
    first: ClassVar[int] = 0xB0


@dataclass(frozen=True)
class _Empty:
    """What three packets have in common: no bytes after the fixed header."""

    kind: ClassVar[str]
    first: ClassVar[int]

    def encode(self) -> bytes:
        """Return the packet's bytes."""
        return frame(self.first)


@dataclass(frozen=True)
class PingReq(_Empty):
    """PINGREQ, section 3.12: the client shows that it is there, and asks whether the broker is."""

    kind: ClassVar[str] = "PINGREQ"
    first: ClassVar[int] = 0xC0


@dataclass(frozen=True)
class PingResp(_Empty):
    """PINGRESP, section 3.13: the broker is there."""

    kind: ClassVar[str] = "PINGRESP"
    first: ClassVar[int] = 0xD0


@dataclass(frozen=True)
class Disconnect(_Empty):
    """DISCONNECT, section 3.14: the client says goodbye."""

    kind: ClassVar[str] = "DISCONNECT"
    first: ClassVar[int] = 0xE0


#: Any of the 14.
Packet = (
    Connect
    | ConnAck
    | Publish
    | PubAck
    | PubRec
    | PubRel
    | PubComp
    | Subscribe
    | SubAck
    | Unsubscribe
    | UnsubAck
    | PingReq
    | PingResp
    | Disconnect
)

#: Name of each packet -> its class, in the order of the type's number (table 2.1), from 1.
PACKETS: dict[str, type[Packet]] = {
    each.kind: each
    for each in (
        Connect,
        ConnAck,
        Publish,
        PubAck,
        PubRec,
        PubRel,
        PubComp,
        Subscribe,
        SubAck,
        Unsubscribe,
        UnsubAck,
        PingReq,
        PingResp,
        Disconnect,
    )
}
