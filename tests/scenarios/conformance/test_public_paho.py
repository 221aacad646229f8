"""The courses of the Eclipse Paho interoperability suite, told anew from the client's side.

That suite plays a client to test a broker; here the client is the board's, and the broker notes
what it breaks of MQTT 3.1.1. Overlapping subscriptions and topics with $ are the broker's own
affair; a refused subscription and a broken keep alive are in other files here.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.broker.scripted_step import Close, End
from harness.deadline import Deadline
from harness.scenario.conversation import SOON_S, Conversation
from harness.wire.mqtt_packet import Connect, Publish

TOPICS = ("TopicA/B", "Topic/C", "TopicA/C")


@pytest.fixture
def pair(talk: Conversation) -> Iterator[Conversation]:
    """Two clients on the board, `a` and `b`, whose callbacks collect together."""
    talk.make("'myclientid', 'broker.lab'", name="a")
    talk.make("'myclientid2', 'broker.lab'", name="b")
    yield talk
    assert talk.broker.violations() == ()


def each_qos(talk: Conversation, client: str, payload: str, *, retain: bool = False) -> None:
    """Publish a message at each QoS, each to a topic of its own."""
    for qos, topic in enumerate(TOPICS):
        text = payload and f"{payload} {qos}"
        talk.value(f"{client}.publish({topic!r}, {text!r}, {retain}, {qos})")


def hear(talk: Conversation, client: str, count: int) -> list[tuple[str, object]]:
    """Let a client wait until there are so many messages in all, and return them."""
    talk.board.exec(f"while len(got) < {count}:\n    {client}.wait_msg()")
    return talk.got


@pytest.mark.requirement("MQTT-7.0.0-2")
def test_7_0_0_2_paho_basic(pair: Conversation) -> None:
    pair.value("a.connect()")
    pair.value("a.disconnect()")
    pair.value("a.connect()")
    pair.value("a.subscribe('TopicA', 2)")
    for qos in range(3):
        pair.value(f"a.publish('TopicA', 'qos {qos}', False, {qos})")
    assert hear(pair, "a", 3) == [("TopicA", f"qos {qos}") for qos in range(3)]
    pair.value("a.disconnect()")


@pytest.mark.requirement("MQTT-7.0.0-2")
def test_7_0_0_2_paho_retained_messages(pair: Conversation) -> None:
    pair.value("a.connect()")
    each_qos(pair, "a", "qos", retain=True)
    pair.value("a.subscribe('+/+', 2)")
    assert sorted(hear(pair, "a", 3)) == sorted(
        (topic, f"qos {qos}") for qos, topic in enumerate(TOPICS)
    )
    pair.value("a.disconnect()")
    pair.value("a.connect()")
    each_qos(pair, "a", "", retain=True)
    pair.value("a.subscribe('+/+', 2)")
    pair.value("a.ping()")
    pair.value("a.check_msg()")
    assert len(pair.got) == 3


@pytest.mark.requirement("MQTT-7.0.0-2")
def test_7_0_0_2_paho_messages_queued_for_a_client_that_is_away(pair: Conversation) -> None:
    pair.value("a.connect(False)")
    pair.value("a.subscribe('+/+', 2)")
    pair.value("a.disconnect()")
    pair.end()
    pair.value("b.connect()")
    each_qos(pair, "b", "qos")
    pair.value("b.disconnect()")
    assert pair.value("a.connect(False)") is True
    assert hear(pair, "a", 2) == [("Topic/C", "qos 1"), ("TopicA/C", "qos 2")]


@pytest.mark.requirement("MQTT-7.0.0-2")
def test_7_0_0_2_paho_will_message(pair: Conversation) -> None:
    pair.board.exec("a.set_last_will('Topic/C', 'client not disconnected', False, 1)")
    pair.value("a.connect()")
    pair.value("b.connect(False)")
    pair.value("b.subscribe('Topic/C', 2)")
    pair.broker.perform(Close(End.RST), connection=0)
    assert hear(pair, "b", 1) == [("Topic/C", "client not disconnected")]


@pytest.mark.requirement("MQTT-7.0.0-2")
def test_7_0_0_2_paho_client_identifier_of_length_0(talk: Conversation) -> None:
    talk.make("'', 'broker.lab'")
    assert talk.outcome("c.connect(False)")[0] == "ValueError"
    talk.value("c.connect(True)")
    talk.value("c.disconnect()")
    opened = [each.packet for each in talk.broker.packets() if isinstance(each.packet, Connect)]
    assert [each.clean_session for each in opened] == [True]
    assert talk.broker.violations() == ()


@pytest.mark.requirement("MQTT-7.0.0-2")
def test_7_0_0_2_paho_redelivery_on_reconnect(pair: Conversation) -> None:
    pair.value("b.connect(False)")
    pair.value("b.subscribe('TopicA/#', 2)")
    # The program looks at none of its own messages before it leaves.
    pair.value("b.publish('TopicA/B', '', False, 1)")
    pair.value("b.publish('TopicA/C', '', False, 2)")
    pair.value("b.disconnect()")
    assert pair.got == []
    pair.end()
    pair.value("b.connect(False)")
    assert hear(pair, "b", 2) == [("TopicA/B", ""), ("TopicA/C", "")]
    pair.value("b.ping()")
    again = [
        each.packet
        for each in pair.broker.packets()
        if each.connection == 1 and isinstance(each.packet, Publish)
    ]
    assert [(each.topic, each.dup) for each in again] == [("TopicA/B", True), ("TopicA/C", True)]
    pair.broker.wait_packet("PUBCOMP", Deadline.after(SOON_S))
