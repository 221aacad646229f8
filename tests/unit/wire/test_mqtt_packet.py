"""Control packets and their bytes, both ways, from the tables in fixtures/packets."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from harness import shipped
from harness.errors import LocalProtocolError, RemoteProtocolError
from harness.wire.mqtt_error import MalformedPacket
from harness.wire.mqtt_frame import MAX_REMAINING_BYTES, encode_length, frame
from harness.wire.mqtt_packet import (
    PACKETS,
    Connect,
    Packet,
    PubAck,
    Publish,
    Subscribe,
    Will,
)
from harness.wire.mqtt_stream import PacketStream
from harness.wire.mqtt_string import topic_matches

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLES = shipped.fixtures() / "packets"


def table(name: str) -> list[dict[str, Any]]:
    """Return the rows of one of the tables."""
    rows = tomllib.loads((TABLES / f"{name}.toml").read_text(encoding="utf-8"))[name]
    return [dict(row) for row in rows]


def fields_of(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row's fields as the packet's class takes them."""
    fields: dict[str, Any] = {}
    for name, value in row.items():
        if name.endswith("_hex"):
            fields[name.removesuffix("_hex")] = bytes.fromhex(value)
        elif name in {"payload", "password"}:
            fields[name] = value.encode()
        elif name == "will":
            fields[name] = Will(**fields_of(value))
        elif isinstance(value, list):
            fields[name] = tuple(tuple(each) if isinstance(each, list) else each for each in value)
        else:
            fields[name] = value
    return fields


def packet_of(row: dict[str, Any]) -> Packet:
    """Return a row's packet."""
    return PACKETS[row["kind"]](**fields_of(row["fields"]))


PACKET_ROWS = table("packet")
MALFORMED_ROWS = table("malformed")


def names(row: dict[str, Any]) -> str:
    return str(row["name"])


@pytest.mark.parametrize("row", PACKET_ROWS, ids=names)
def test_packet_encoded_is_the_bytes_of_the_table(row: dict[str, Any]) -> None:
    assert packet_of(row).encode().hex(" ") == bytes.fromhex(row["hex"]).hex(" ")


@pytest.mark.parametrize("row", PACKET_ROWS, ids=names)
def test_bytes_of_the_table_decoded_are_the_packet(row: dict[str, Any]) -> None:
    assert PacketStream().receive(bytes.fromhex(row["hex"])) == [packet_of(row)]


def test_table_has_every_packet() -> None:
    assert {row["kind"] for row in PACKET_ROWS} == set(PACKETS)
    assert len(PACKETS) == 14


@pytest.mark.parametrize("row", MALFORMED_ROWS, ids=names)
def test_malformed_packet_is_refused_by_its_statement(row: dict[str, Any]) -> None:
    data = bytes.fromhex(row["hex"])
    before = PubAck(7)
    with pytest.raises(RemoteProtocolError) as refused:
        PacketStream().receive(before.encode() + data)
    error = refused.value
    assert isinstance(error, MalformedPacket)
    assert error.statement == row["statement"]
    assert error.before == (before,)
    assert error.statement in error.advice
    assert error.text in error.tried


@pytest.mark.parametrize("row", MALFORMED_ROWS, ids=names)
def test_malformed_packet_byte_by_byte_is_refused_the_same(row: dict[str, Any]) -> None:
    stream = PacketStream()
    statements = []
    for byte in bytes.fromhex(row["hex"]):
        try:
            assert stream.receive(bytes((byte,))) == []
        except MalformedPacket as error:
            statements.append(error.statement)
    # Once broken it stays so: each further byte is refused for the same reason.
    assert set(statements) == {row["statement"]}
    assert stream.is_broken


@pytest.mark.parametrize("row", table("remaining_length"))
def test_remaining_length_is_as_tabled(row: dict[str, Any]) -> None:
    assert encode_length(row["size"]).hex(" ").upper() == row["hex"]


@pytest.mark.parametrize("size", [3, 127, 128, 16383, 16384, 2097151, 2097152])
def test_publish_at_the_edges_of_the_remaining_length_comes_back(size: int) -> None:
    packet = Publish("t", bytes(size - 3))
    stream = PacketStream(limit_bytes=MAX_REMAINING_BYTES)
    assert stream.receive(packet.encode()) == [packet]


def test_length_said_in_more_bytes_than_needed_is_read() -> None:
    """MQTT 5 forbids it (1.5.5-1); 3.1.1 does not."""
    assert PacketStream().receive(bytes.fromhex("30 83 00 00 01 74")) == [Publish("t")]


def test_packet_over_the_limit_is_refused_at_its_header() -> None:
    stream = PacketStream(limit_bytes=100)
    assert stream.receive(Publish("t", bytes(97)).encode()) == [Publish("t", bytes(97))]
    with pytest.raises(MalformedPacket, match="announces 101 bytes"):
        stream.receive(bytes((0x30, 101)))
    with pytest.raises(MalformedPacket, match="announces 101 bytes"):
        stream.receive(b"")


def test_incomplete_packet_is_pending() -> None:
    stream = PacketStream()
    assert stream.receive(b"\x30\x05\x00") == []
    assert stream.pending == b"\x30\x05\x00"
    assert not stream.is_broken


def test_wrong_packets_can_be_said() -> None:
    """A broker under script must be able to break the rules."""
    assert Publish("a/#", b"", 3, packet_id=0).encode().hex() == "36070003612f230000"
    assert Publish("\ud800\0").encode().hex() == "30060004eda08000"
    assert Subscribe(0, (("", 255),)).encode().hex() == "820500000000ff"
    assert frame(0x4F, b"\0").hex() == "4f0100"


@pytest.mark.parametrize(
    "make",
    [
        lambda: PubAck(65536).encode(),
        lambda: PubAck(-1).encode(),
        lambda: Publish("t" * 65536).encode(),
        lambda: Connect("c", keepalive_s=65536).encode(),
        lambda: encode_length(MAX_REMAINING_BYTES + 1),
        lambda: encode_length(-1),
    ],
)
def test_what_has_no_form_on_the_wire_is_our_own_error(make: Any) -> None:
    with pytest.raises(LocalProtocolError) as refused:
        make()
    assert refused.value.expected
    assert refused.value.got


def test_password_is_in_no_representation() -> None:
    assert "secret" not in repr(Connect("c", user="u", password=b"secret"))


@pytest.mark.parametrize(
    ("topic", "topic_filter", "is_match"),
    [
        ("sport/tennis/player1", "sport/tennis/player1/#", True),
        ("sport/tennis/player1/ranking", "sport/tennis/player1/#", True),
        ("sport/tennis/player1/score/wimbledon", "sport/tennis/player1/#", True),
        ("sport", "sport/#", True),
        ("sport/", "sport/#", True),
        ("sports", "sport/#", False),
        ("sport", "sport/+", False),
        ("sport/", "sport/+", True),
        ("sport/tennis/player1/ranking", "sport/tennis/+", False),
        ("/finance", "+/+", True),
        ("/finance", "/+", True),
        ("/finance", "+", False),
        ("finance", "#", True),
        ("$SYS/uptime", "#", False),
        ("$SYS/uptime", "+/uptime", False),
        ("$SYS/uptime", "$SYS/#", True),
        ("ACCOUNTS", "Accounts", False),
        ("a//b", "a/+/b", True),
        ("a", "a/b", False),
        ("a/b", "a", False),
        ("a", "a/b/#", False),
    ],
)
def test_topic_matches_filter_as_in_section_4_7(
    topic: str, topic_filter: str, is_match: bool
) -> None:
    assert topic_matches(topic, topic_filter) is is_match
