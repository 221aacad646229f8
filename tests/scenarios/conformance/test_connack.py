"""CONNACK, MQTT 3.1.1 section 3.2, and the wait for it."""

from __future__ import annotations

import pytest

from harness.broker.scripted_step import Ack, Close, Expect, Send
from harness.scenario.conversation import Conversation
from harness.wire.mqtt_packet import ConnAck, PingResp, PubAck, Publish, SubAck, Subscribe


def refused(talk: Conversation, data: bytes, *, clean: bool = True) -> tuple[str, object]:
    """Return how connecting ends when these bytes are what answers CONNECT, and nothing else."""
    talk.make()
    talk.broker.expect_connection(Expect("CONNECT"), Send(data))
    found = talk.outcome(f"c.connect({clean})")
    talk.end()
    return found


@pytest.mark.requirement("MQTT-3.1.4")
def test_3_1_4_connection_that_is_not_answered_is_given_up(talk: Conversation) -> None:
    talk.make()
    talk.board.exec("c.timeout_s = 0.5")
    talk.broker.expect_connection(Expect("CONNECT"))
    assert talk.outcome("c.connect()") == ("OSError", "ETIMEDOUT")
    talk.end()
    assert talk.broker.received(0) == talk.opening()


@pytest.mark.requirement("MQTT-3.2.0-1")
@pytest.mark.parametrize(
    "packet",
    [Publish("t", b"m"), PubAck(1), SubAck(1, (0,)), PingResp()],
    ids=lambda packet: packet.kind,
)
def test_3_2_0_1_first_packet_that_is_no_connack_closes(
    talk: Conversation, packet: Publish
) -> None:
    data = packet.encode() + ConnAck().encode()
    assert refused(talk, data) == ("MQTTException", None)


@pytest.mark.requirement("MQTT-3.2.2-1")
def test_3_2_2_1_clean_session_that_is_said_to_be_present_closes(talk: Conversation) -> None:
    assert refused(talk, b"\x20\x02\x01\x00")[0] == "MQTTException"
    assert talk.outcome("c.publish('t', 'm')")[0] == "OSError"


@pytest.mark.requirement("MQTT-3.2.2-2")
def test_3_2_2_2_session_that_is_present_is_told_and_gone_on_with(talk: Conversation) -> None:
    talk.make()
    talk.broker.expect_connection(Expect("CONNECT"), Ack(session_present=True))
    assert talk.outcome("c.connect(False)") == ("returned", True)
    talk.value("c.subscribe('t')")
    talk.broker.expect_connection(Expect("CONNECT"), Ack(session_present=True))
    assert talk.outcome("c.reconnect()") == ("returned", True)
    assert talk.said() == []


@pytest.mark.requirement("MQTT-3.2.2-3")
def test_3_2_2_3_session_that_is_lost_is_told_and_made_anew(talk: Conversation) -> None:
    talk.make()
    talk.meet(clean=False)
    talk.value("c.subscribe('t', 1)")
    talk.broker.expect_connection(
        Expect("CONNECT"), Ack(session_present=False), Expect("SUBSCRIBE"), Ack()
    )
    assert talk.outcome("c.reconnect()") == ("returned", False)
    assert talk.said() == [Subscribe(2, (("t", 1),))]


@pytest.mark.requirement("MQTT-3.2.2-4")
@pytest.mark.parametrize("code", [1, 5])
def test_3_2_2_4_refusal_counts_whatever_it_says_of_a_session(
    talk: Conversation, code: int
) -> None:
    data = bytes((0x20, 2, 1, code))
    assert refused(talk, data, clean=False)[0] == "MQTTException"
    assert talk.outcome("c.ping()")[0] == "OSError"


@pytest.mark.requirement("MQTT-3.2.2-5")
@pytest.mark.parametrize("code", [1, 2, 3, 4, 5])
def test_3_2_2_5_refusal_is_told_with_its_code_and_closes(talk: Conversation, code: int) -> None:
    # The broker leaves the connection open: it is the client that closes.
    assert refused(talk, ConnAck(code=code).encode()) == ("MQTTException", code)
    talk.meet(call="c.reconnect()")


@pytest.mark.requirement("MQTT-3.2.2-6")
def test_3_2_2_6_broker_that_closes_without_connack_is_told_at_once(talk: Conversation) -> None:
    talk.make()
    talk.board.exec("c.timeout_s = 30")
    talk.broker.expect_connection(Expect("CONNECT"), Close())
    how, name = talk.outcome("c.connect()")
    assert how == "OSError"
    assert name != "ETIMEDOUT"


@pytest.mark.requirement("MQTT-3.2.2-6")
@pytest.mark.parametrize("code", [6, 7, 127, 128, 255])
def test_3_2_2_6_reserved_return_code_is_a_refusal(talk: Conversation, code: int) -> None:
    assert refused(talk, bytes((0x20, 2, 0, code)))[0] == "MQTTException"


@pytest.mark.requirement("MQTT-3.2.2")
@pytest.mark.parametrize(
    "data",
    [b"\x20\x02\x02\x00", b"\x20\x02\x80\x00", b"\x20\x03\x00\x00\x00", b"\x20\x01\x00"],
    ids=["flag-1", "flag-7", "long", "short"],
)
def test_3_2_2_connack_of_another_form_closes(talk: Conversation, data: bytes) -> None:
    assert refused(talk, data, clean=False) == ("MQTTException", None)
