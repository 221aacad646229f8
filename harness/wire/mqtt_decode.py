"""One control packet from its bytes, held against every rule that a single packet can break.

Source: MQTT 3.1.1, chapters 2 and 3; the statement stands at each branch.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.wire.mqtt_error import MalformedPacket
from harness.wire.mqtt_packet import (
    PACKETS,
    ConnAck,
    Connect,
    Disconnect,
    Packet,
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
    Will,
)
from harness.wire.mqtt_string import FieldReader

_KINDS = ("", *PACKETS)
_PUBLISH = 3
MAX_QOS = 2
#: 3.2.2.3, table 3.1: return codes of CONNACK above this one are reserved.
MAX_CONNECT_CODE = 5
#: 3.9.3: the broker has refused the subscription.
REFUSED = 0x80

# Table 2.2: the flags that each type must have, and the statement that says so.
_FLAGS = {
    "PUBREL": (2, "MQTT-3.6.1-1"),
    "SUBSCRIBE": (2, "MQTT-3.8.1-1"),
    "UNSUBSCRIBE": (2, "MQTT-3.10.1-1"),
    "DISCONNECT": (0, "MQTT-3.14.1-1"),
}
_OTHER_FLAGS = (0, "MQTT-2.2.2-1")

# The remaining length of the packets that have no choice, and where it is said.
_SIZES = {
    "CONNACK": (2, "section 3.2.1"),
    "PUBACK": (2, "section 3.4.1"),
    "PUBREC": (2, "section 3.5.1"),
    "PUBREL": (2, "section 3.6.1"),
    "PUBCOMP": (2, "section 3.7.1"),
    "UNSUBACK": (2, "section 3.11.1"),
    "PINGREQ": (0, "section 3.12.1"),
    "PINGRESP": (0, "section 3.13.1"),
    "DISCONNECT": (0, "section 3.14.1"),
}


def check_first(first: int) -> str:
    """Check a packet's first byte, its type and flags, as soon as it is there.

    Returns:
        The packet's name.

    Raises:
        MalformedPacket: No packet begins like this.
    """
    number, flags = first >> 4, first & 0x0F
    received = bytes((first,))
    if not 0 < number < len(_KINDS):
        # 2.2.1, table 2.1: types 0 and 15 are reserved.
        raise MalformedPacket(
            f"type {number} is reserved",
            statement="section 2.2.1",
            received=received,
            expected="type 1 to 14",
        )
    kind = _KINDS[number]
    if number == _PUBLISH:
        qos = flags >> 1 & 3
        if qos > MAX_QOS:
            raise MalformedPacket(
                "both QoS bits are set", statement="MQTT-3.3.1-4", kind=kind, received=received
            )
        if qos == 0 and flags & 8:
            raise MalformedPacket(
                "DUP is set at QoS 0", statement="MQTT-3.3.1-2", kind=kind, received=received
            )
        return kind
    expected, statement = _FLAGS.get(kind, _OTHER_FLAGS)
    if flags != expected:
        raise MalformedPacket(
            f"its flags are {flags:04b}",
            statement=statement,
            kind=kind,
            received=received,
            expected=f"{expected:04b}",
        )
    return kind


def check_size(kind: str, size: int) -> None:
    """Check a remaining length as soon as it is there.

    Raises:
        MalformedPacket: A packet of this kind has another one.
    """
    expected, section = _SIZES.get(kind, (size, ""))
    if size != expected:
        raise MalformedPacket(
            f"its remaining length is {size}",
            statement=section,
            kind=kind,
            expected=f"{expected}",
        )


def decode_packet(first: int, body: bytes) -> Packet:
    """Return the packet that a first byte and a body make.

    Args:
        first: Type and flags, checked by `check_first`.
        body: All that follows the remaining length, whose size `check_size` has seen.

    Raises:
        MalformedPacket: The body breaks a rule.
    """
    kind = _KINDS[first >> 4]
    return _DECODERS[kind](FieldReader(kind, body), first & 0x0F)


def _connect(reader: FieldReader, _flags: int) -> Connect:
    name = reader.string("protocol name", "section 3.1.2.1")
    if name != "MQTT":
        raise reader.malformed(f"its protocol name is {name!r}", "MQTT-3.1.2-1", "'MQTT'")
    level = reader.byte("protocol level", "section 3.1.2.2")
    if level != 4:  # noqa: PLR2004 - 3.1.2.2: the level of 3.1.1
        raise reader.malformed(f"its protocol level is {level}", "MQTT-3.1.2-2", "4")
    flags = reader.byte("connect flags", "section 3.1.2.3")
    _check_connect_flags(reader, flags)
    keepalive_s = reader.uint16("keep alive", "section 3.1.2.10")
    client_id = reader.string("client identifier", "MQTT-3.1.3-3")
    will = None
    if flags & 0x04:
        will = Will(
            reader.topic_name("will topic", "MQTT-3.1.2-9", "MQTT-4.7.1-1"),
            reader.binary("will message", "MQTT-3.1.2-9"),
            flags >> 3 & 3,
            bool(flags & 0x20),
        )
    user = reader.string("user name", "MQTT-3.1.2-19") if flags & 0x80 else None
    password = reader.binary("password", "MQTT-3.1.2-21") if flags & 0x40 else None
    # What is left would be a field whose flag is not set: the password, or after it nothing.
    reader.end("section 3.1.3" if flags & 0x40 else "MQTT-3.1.2-20")
    return Connect(client_id, bool(flags & 0x02), keepalive_s, will, user, password)


def _check_connect_flags(reader: FieldReader, flags: int) -> None:
    """Hold that the connect flags agree with each other (3.1.2.3)."""
    if flags & 0x01:
        raise reader.malformed("the reserved connect flag is set", "MQTT-3.1.2-3")
    will_qos = flags >> 3 & 3
    if flags & 0x04:
        if will_qos > MAX_QOS:
            raise reader.malformed("the will's QoS is 3", "MQTT-3.1.2-14", "0, 1 or 2")
    elif will_qos:
        raise reader.malformed("a will QoS is set without a will", "MQTT-3.1.2-13")
    elif flags & 0x20:
        raise reader.malformed("will retain is set without a will", "MQTT-3.1.2-15")
    if flags & 0xC0 == 0x40:  # noqa: PLR2004 - password without user name
        raise reader.malformed("a password without a user name", "MQTT-3.1.2-22")


def _connack(reader: FieldReader, _flags: int) -> ConnAck:
    flags = reader.byte("acknowledge flags", "section 3.2.2.1")
    code = reader.byte("return code", "section 3.2.2.3")
    if flags > 1:
        raise reader.malformed("a reserved acknowledge flag is set", "section 3.2.2.1")
    if code > MAX_CONNECT_CODE:
        raise reader.malformed(f"return code {code} is reserved", "section 3.2.2.3", "0 to 5")
    if code and flags:
        raise reader.malformed("a refusal says session present", "MQTT-3.2.2-4")
    return ConnAck(bool(flags), code)


def _publish(reader: FieldReader, flags: int) -> Publish:
    topic = reader.topic_name("topic name", "MQTT-3.3.2-1", "MQTT-3.3.2-2")
    qos = flags >> 1 & 3
    packet_id = reader.packet_id("MQTT-2.3.1-1") if qos else 0
    return Publish(topic, reader.rest(), qos, bool(flags & 1), bool(flags & 8), packet_id)


def _subscribe(reader: FieldReader, _flags: int) -> Subscribe:
    packet_id = reader.packet_id("MQTT-2.3.1-1")
    filters: list[tuple[str, int]] = []
    while reader.remaining_bytes:
        topic_filter = reader.topic_filter("MQTT-3.8.3-1")
        qos = reader.byte("requested QoS", "MQTT-3.8.3-3")
        if qos > MAX_QOS:
            raise reader.malformed(f"requested QoS byte {qos:#04x}", "MQTT-3.8.3-4", "0, 1 or 2")
        filters.append((topic_filter, qos))
    if not filters:
        raise reader.malformed("it has no topic filter", "MQTT-3.8.3-3", "one or more")
    return Subscribe(packet_id, tuple(filters))


def _suback(reader: FieldReader, _flags: int) -> SubAck:
    packet_id = reader.packet_id("MQTT-2.3.1-7")
    codes = tuple(reader.rest())
    if not codes:
        raise reader.malformed("it has no return code", "MQTT-3.8.4-5", "one for each filter")
    for code in codes:
        if code > MAX_QOS and code != REFUSED:
            raise reader.malformed(
                f"return code {code:#04x} is reserved", "MQTT-3.9.3-2", "0, 1, 2 or 0x80"
            )
    return SubAck(packet_id, codes)


def _unsubscribe(reader: FieldReader, _flags: int) -> Unsubscribe:
    packet_id = reader.packet_id("MQTT-2.3.1-1")
    filters: list[str] = []
    while reader.remaining_bytes:
        filters.append(reader.topic_filter("MQTT-3.10.3-1"))
    if not filters:
        raise reader.malformed("it has no topic filter", "MQTT-3.10.3-2", "one or more")
    return Unsubscribe(packet_id, tuple(filters))


_DECODERS: dict[str, Callable[[FieldReader, int], Packet]] = {
    "CONNECT": _connect,
    "CONNACK": _connack,
    "PUBLISH": _publish,
    # MQTT-2.3.1-6: the identifier of the PUBLISH, hence not 0; MQTT-2.3.1-7: of the SUBSCRIBE.
    "PUBACK": lambda reader, _flags: PubAck(reader.packet_id("MQTT-2.3.1-6")),
    "PUBREC": lambda reader, _flags: PubRec(reader.packet_id("MQTT-2.3.1-6")),
    "PUBREL": lambda reader, _flags: PubRel(reader.packet_id("MQTT-2.3.1-6")),
    "PUBCOMP": lambda reader, _flags: PubComp(reader.packet_id("MQTT-2.3.1-6")),
    "SUBSCRIBE": _subscribe,
    "SUBACK": _suback,
    "UNSUBSCRIBE": _unsubscribe,
    "UNSUBACK": lambda reader, _flags: UnsubAck(reader.packet_id("MQTT-2.3.1-7")),
    "PINGREQ": lambda _reader, _flags: PingReq(),
    "PINGRESP": lambda _reader, _flags: PingResp(),
    "DISCONNECT": lambda _reader, _flags: Disconnect(),
}
