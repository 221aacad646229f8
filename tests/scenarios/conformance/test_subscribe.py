"""SUBSCRIBE and UNSUBSCRIBE and their answers, MQTT 3.1.1 sections 3.8 to 3.11."""

from __future__ import annotations

import pytest

from harness.broker.scripted_step import Ack, Expect, Send
from harness.scenario.conversation import Conversation
from harness.wire.mqtt_packet import SubAck, Subscribe, Unsubscribe


def sent(talk: Conversation) -> bytes:
    """Return what the client has sent after CONNECT."""
    return talk.broker.received(0)[len(talk.opening()) :]


@pytest.mark.requirement("MQTT-3.8.1-1")
def test_3_8_1_1_flags_of_subscribe_are_0010(talk: Conversation) -> None:
    talk.make()
    talk.meet()
    talk.outcome("c.subscribe('t')")
    assert sent(talk)[0] == 0x82


@pytest.mark.requirement("MQTT-3.8.3-1")
def test_3_8_3_1_filter_of_subscribe_is_utf8(talk: Conversation) -> None:
    talk.make()
    talk.meet()
    assert talk.outcome(r"c.subscribe(b'\xe6\xb8')")[0] == "ValueError"
    talk.value("c.subscribe('温/+', 1)")
    assert sent(talk) == b"\x82\x0a\x00\x01\x00\x05\xe6\xb8\xa9/+\x01"


@pytest.mark.requirement("MQTT-3.8.3-1")
def test_3_8_3_1_long_filter_has_a_longer_remaining_length(talk: Conversation) -> None:
    talk.make()
    talk.meet()
    talk.value("c.subscribe('t' * 300)")
    assert talk.said() == [Subscribe(1, (("t" * 300, 0),))]


@pytest.mark.requirement("MQTT-3.8.3-2")
def test_3_8_3_2_wildcard_that_the_broker_does_not_support_is_told(talk: Conversation) -> None:
    talk.make()
    talk.meet(Expect("SUBSCRIBE"), Ack(codes=[0x80]))
    assert talk.outcome("c.subscribe('a/#')") == ("MQTTException", 0x80)
    assert talk.outcome("c.subscribe('a/b')") == ("returned", 0)
    # What was refused is not asked for again on the next connection.
    talk.meet(Expect("SUBSCRIBE"), Ack(), call="c.reconnect()")
    assert [each.filters for each in talk.said() if isinstance(each, Subscribe)] == [(("a/b", 0),)]


@pytest.mark.requirement("MQTT-3.8.3-3")
@pytest.mark.parametrize("argument", ["''", "b''", "[]", "None"])
def test_3_8_3_3_subscribe_without_a_filter_is_not_sent(talk: Conversation, argument: str) -> None:
    talk.make()
    talk.meet()
    assert talk.outcome(f"c.subscribe({argument})")[0] in ("ValueError", "TypeError")
    talk.value("c.subscribe('t', 2)")
    assert [each.filters for each in talk.said() if isinstance(each, Subscribe)] == [(("t", 2),)]


@pytest.mark.requirement("MQTT-3.8.3-4")
def test_3_8_3_4_requested_qos_is_0_1_or_2(talk: Conversation) -> None:
    talk.make()
    talk.meet()
    outcomes = [talk.outcome(f"c.subscribe('t', {qos})") for qos in ("0", "1", "2", "3", "4", "-1")]
    assert outcomes[:3] == [("returned", 0), ("returned", 1), ("returned", 2)]
    assert {how for how, _ in outcomes[3:]} == {"ValueError"}
    assert [sent(talk)[at] for at in (7, 15, 23)] == [0, 1, 2]
    assert len(sent(talk)) == 24


@pytest.mark.requirement("MQTT-3.9.3-1")
@pytest.mark.parametrize("codes", [b"", b"\x00\x00", b"\x01\x80"], ids=["none", "two", "mixed"])
def test_3_9_3_1_suback_without_one_code_for_the_filter_closes(
    talk: Conversation, codes: bytes
) -> None:
    talk.make()
    talk.meet(Expect("SUBSCRIBE"), Send(bytes((0x90, 2 + len(codes), 0, 1)) + codes))
    assert talk.outcome("c.subscribe('t', 1)") == ("MQTTException", None)
    talk.end()


@pytest.mark.requirement("MQTT-3.9.3-1")
def test_3_9_3_1_codes_belong_to_their_own_subscribe(talk: Conversation) -> None:
    talk.make()
    talk.meet(
        Expect("SUBSCRIBE"), Send(SubAck(77, (2,))), Ack(codes=[0]), Expect("SUBSCRIBE"),
        Send(SubAck(1, (2,))), Ack(codes=[1]),
    )  # fmt: skip
    assert [talk.value("c.subscribe('a', 2)"), talk.value("c.subscribe('b', 2)")] == [0, 1]


@pytest.mark.requirement("MQTT-3.9.3-2")
@pytest.mark.parametrize("code", [3, 4, 0x7F, 0x81, 0xFF])
def test_3_9_3_2_reserved_return_code_closes(talk: Conversation, code: int) -> None:
    talk.make()
    talk.meet(Expect("SUBSCRIBE"), Send(SubAck(1, (code,))))
    assert talk.outcome("c.subscribe('t')")[0] == "MQTTException"
    talk.end()
    assert talk.outcome("c.ping()")[0] == "OSError"


@pytest.mark.requirement("MQTT-3.9.3-2")
@pytest.mark.parametrize("code", [0, 1, 2])
def test_3_9_3_2_granted_qos_is_told(talk: Conversation, code: int) -> None:
    talk.make()
    talk.meet(Expect("SUBSCRIBE"), Ack(codes=[code]))
    assert talk.value("c.subscribe('t', 2)") == code


@pytest.mark.requirement("MQTT-3.10.1-1")
def test_3_10_1_1_flags_of_unsubscribe_are_0010(talk: Conversation) -> None:
    talk.make()
    talk.meet()
    talk.outcome("c.unsubscribe('t')")
    assert sent(talk)[0] == 0xA2


@pytest.mark.requirement("MQTT-3.10.3-1")
def test_3_10_3_1_filter_of_unsubscribe_is_utf8(talk: Conversation) -> None:
    talk.make()
    talk.meet()
    assert talk.outcome(r"c.unsubscribe(b'\xff')")[0] == "ValueError"
    talk.value("c.unsubscribe('温/+')")
    assert sent(talk) == b"\xa2\x09\x00\x01\x00\x05\xe6\xb8\xa9/+"


@pytest.mark.requirement("MQTT-3.10.3-2")
@pytest.mark.parametrize("argument", ["''", "[]"])
def test_3_10_3_2_unsubscribe_without_a_filter_is_not_sent(
    talk: Conversation, argument: str
) -> None:
    talk.make()
    talk.meet()
    assert talk.outcome(f"c.unsubscribe({argument})")[0] in ("ValueError", "TypeError")
    talk.value("c.unsubscribe('t')")
    filters = [each.filters for each in talk.said() if isinstance(each, Unsubscribe)]
    assert filters == [("t",)]
