"""What holds of the packet decoder and the session for any packets, any bytes and any split."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.wire.mqtt_error import MalformedPacket
from harness.wire.mqtt_event import Event, Malformed
from harness.wire.mqtt_frame import frame
from harness.wire.mqtt_packet import (
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
from harness.wire.mqtt_session import BrokerSession
from harness.wire.mqtt_stream import PacketStream

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
topics = texts.map(lambda text: text.replace("+", "").replace("#", "")).filter(bool)
levels = st.one_of(st.just("+"), st.just(""), topics.map(lambda text: text.replace("/", "")))
filters = (
    st.builds(
        lambda parts, end: "/".join([*parts, *end]),
        st.lists(levels, max_size=4),
        st.sampled_from([[], ["#"]]),
    )
).filter(bool)
ids = st.integers(1, 65535)
qos = st.integers(0, 2)
payloads = st.binary(max_size=200)


@st.composite
def publishes(draw: st.DrawFn) -> Publish:
    level = draw(qos)
    return Publish(
        draw(topics),
        draw(payloads),
        level,
        draw(st.booleans()),
        draw(st.booleans()) if level else False,
        draw(ids) if level else 0,
    )


@st.composite
def connects(draw: st.DrawFn) -> Connect:
    user = draw(st.none() | texts)
    return Connect(
        draw(texts),
        draw(st.booleans()),
        draw(st.integers(0, 65535)),
        draw(st.none() | st.builds(Will, topics, payloads, qos, st.booleans())),
        user,
        None if user is None else draw(st.none() | payloads),
    )


def accepts(present: bool, code: int) -> ConnAck:
    return ConnAck(session_present=present and not code, code=code)


packets: st.SearchStrategy[Packet] = st.one_of(
    connects(),
    st.builds(accepts, st.booleans(), st.integers(0, 5)),
    publishes(),
    st.builds(PubAck, ids),
    st.builds(PubRec, ids),
    st.builds(PubRel, ids),
    st.builds(PubComp, ids),
    st.builds(Subscribe, ids, st.lists(st.tuples(filters, qos), min_size=1, max_size=3).map(tuple)),
    st.builds(
        SubAck, ids, st.lists(st.sampled_from([0, 1, 2, 128]), min_size=1, max_size=3).map(tuple)
    ),
    st.builds(Unsubscribe, ids, st.lists(filters, min_size=1, max_size=3).map(tuple)),
    st.builds(UnsubAck, ids),
    st.just(PingReq()),
    st.just(PingResp()),
    st.just(Disconnect()),
)
#: Bytes that get past the fixed header, so that the fields are what goes wrong.
framed = st.builds(
    frame,
    st.sampled_from([0x10, 0x20, 0x30, 0x32, 0x3D, 0x40, 0x50, 0x62, 0x70, 0x82, 0x90, 0xA2, 0xB0]),
    st.binary(max_size=30),
)
noise = st.one_of(st.binary(max_size=40), framed, packets.map(lambda packet: packet.encode()))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A stream of packets with a few bytes changed, cut out or put in."""
    data = bytearray(b"".join(packet.encode() for packet in draw(st.lists(packets, max_size=4))))
    for _ in range(draw(st.integers(0, 3))):
        if not data:
            break
        at = draw(st.integers(0, len(data) - 1))
        data[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(data)


streams = st.one_of(st.lists(noise, max_size=5).map(b"".join), damaged())
cuts = st.lists(st.integers(0, 400), max_size=12)


def pieces(data: bytes, cut: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted({at for at in cut if at < len(data)}), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def decoded(parts: Sequence[bytes]) -> tuple[list[Packet], tuple[str, str] | None]:
    """Return the packets of a stream, and how it ends if it is malformed."""
    stream = PacketStream()
    found: list[Packet] = []
    for part in parts:
        try:
            found += stream.receive(part)
        except MalformedPacket as error:
            return [*found, *error.before], (error.statement, error.text)
    return found, None


def session_events(parts: Sequence[bytes]) -> list[Event]:
    session = BrokerSession()
    return [event for part in parts for event in session.receive(part)]


def without_data(events: Sequence[Event]) -> list[Event]:
    """Return events without the malformed bytes, of which a split shows more or less."""
    return [
        Malformed(each.violation, b"") if isinstance(each, Malformed) else each for each in events
    ]


@given(st.lists(packets, max_size=6), cuts)
def test_encode_and_decode_are_inverse_for_any_split(found: list[Packet], cut: list[int]) -> None:
    data = b"".join(packet.encode() for packet in found)
    assert decoded(pieces(data, cut)) == (found, None)


@settings(max_examples=400)
@given(streams)
def test_decoded_bytes_encode_to_the_same_bytes(data: bytes) -> None:
    found, _ = decoded([data])
    again = b"".join(packet.encode() for packet in found)
    # A remaining length may be said in more bytes than it takes, which is lost.
    assert decoded([again]) == (found, None)
    assert len(again) <= len(data)


@settings(max_examples=400)
@given(streams, cuts)
def test_any_bytes_give_the_same_packets_or_the_same_error_for_any_split(
    data: bytes, cut: list[int]
) -> None:
    assert decoded(pieces(data, cut)) == decoded([data])
    assert decoded([data[at : at + 1] for at in range(len(data))]) == decoded([data])


@settings(max_examples=400)
@given(streams, cuts, st.binary(max_size=10))
def test_session_raises_nothing_and_gives_the_same_events_for_any_split(
    data: bytes, cut: list[int], connected: bytes
) -> None:
    whole = Connect("c").encode() + data if len(connected) % 2 else data
    events = session_events([whole])
    assert without_data(session_events(pieces(whole, cut))) == without_data(events)
    assert all(not isinstance(each, Malformed) for each in events[:-1])


@settings(max_examples=200)
@given(st.lists(packets, max_size=12), st.lists(packets, max_size=12))
def test_session_bears_any_packets_both_ways(theirs: list[Packet], ours: list[Packet]) -> None:
    session = BrokerSession()
    said = b""
    for number in range(max(len(theirs), len(ours))):
        for packet in theirs[number : number + 1]:
            session.receive(packet.encode())
        for packet in ours[number : number + 1]:
            session.send(packet)
            said += packet.encode()
    assert session.data_to_send() == said
    assert all(each.statement for each in session.violations)
