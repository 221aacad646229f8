"""Steps of a script as data."""

from __future__ import annotations

import pytest

from harness.broker.scripted_step import Ack, Expect, Send
from harness.errors import ConfigError
from harness.wire.mqtt_packet import PingReq, Publish

PACKET = Publish("a/b", b"38", 1, packet_id=5)


@pytest.mark.parametrize(
    ("expect", "is_match"),
    [
        (Expect("PUBLISH"), True),
        (Expect("PUBLISH", topic="a/b", qos=1), True),
        (Expect("PUBLISH", topic="a/c"), False),
        (Expect("PUBLISH", payload=lambda payload: len(payload) == 2), True),
        (Expect("PUBLISH", packet_id=lambda number: number > 5), False),
        (Expect("PUBACK"), False),
    ],
)
def test_expect_matches_kind_and_fields(expect: Expect, is_match: bool) -> None:
    assert expect.matches(PACKET) is is_match
    assert not expect.matches(None)


def test_expect_of_an_unknown_packet_is_refused() -> None:
    with pytest.raises(ConfigError) as refused:
        Expect("PUBLISHED")
    assert "PUBLISH," in refused.value.expected
    assert refused.value.got == "PUBLISHED"


def test_expect_of_an_unknown_field_is_refused() -> None:
    with pytest.raises(ConfigError) as refused:
        Expect("PUBLISH", topics="a")
    assert "topic" in refused.value.expected
    assert refused.value.got == "topics"


def test_expect_says_what_it_waits_for() -> None:
    assert str(Expect("PUBLISH", qos=1, topic="a")) == "PUBLISH with qos=1, topic='a'"
    assert str(Expect("PINGREQ")) == "PINGREQ"
    assert Expect("PINGREQ").matches(PingReq())


@pytest.mark.parametrize(
    ("step", "pieces"),
    [
        (Send(b"abcd"), [(0.0, b"abcd")]),
        (Send(b"abcd", split=(1, 3)), [(0.0, b"a"), (0.005, b"bc"), (0.005, b"d")]),
        (Send(b"abcd", split=(-1,), gap_s=0.5), [(0.0, b"abc"), (0.5, b"d")]),
        (
            Send(b"abc", split="each", delay_s=2.0, gap_s=0.0),
            [(2.0, b"a"), (0.0, b"b"), (0.0, b"c")],
        ),
        (Send(b"", split="each"), [(0.0, b"")]),
        (Send(b"a", split=(0, 5)), [(0.0, b"a")]),
        (Ack(split=(2,)), [(0.0, b"ab"), (0.005, b"cd")]),
    ],
)
def test_said_bytes_are_split_and_delayed(
    step: Send | Ack, pieces: list[tuple[float, bytes]]
) -> None:
    data = step.what if isinstance(step, Send) and isinstance(step.what, bytes) else b"abcd"
    assert step.pieces(data) == pieces
