"""Sessions beyond a connection, MQTT 3.1.1 sections 3.1.2.4, 4.1, 4.4 and 4.6."""

from __future__ import annotations

import pytest

from harness.broker.scripted_step import Ack, Close, Expect, Send
from harness.scenario.conversation import Conversation
from harness.wire.mqtt_packet import PubAck, PubComp, Publish, PubRec, PubRel, Subscribe


def lose(
    talk: Conversation, payload: str, qos: int, *, first: bool = False, copies: int = 0
) -> None:
    """Let the connection break before a PUBLISH is answered.

    Args:
        talk: The conversation.
        payload: Of the message.
        qos: Of the message.
        first: Whether it is the client's first connection; later ones find the session kept.
        copies: How many earlier PUBLISH the client sends again before.
    """
    steps = [Expect("PUBLISH")] * (copies + 1)
    call = "c.connect(False)" if first else "c.reconnect()"
    talk.meet(*steps, Close(), present=not first, call=call)
    assert talk.outcome(f"c.publish('t', {payload!r}, qos={qos})")[0] == "OSError"


@pytest.mark.requirement("MQTT-3.1.2-4")
def test_3_1_2_4_kept_session_goes_on_where_it_was(talk: Conversation) -> None:
    talk.make()
    talk.meet(clean=False)
    talk.value("c.subscribe('t', 1)")
    talk.value("c.disconnect()")
    talk.end()
    talk.meet(Send(Publish("t", b"meanwhile", 1, packet_id=3)), clean=False)
    talk.value("c.wait_msg()")
    clean_flags = [talk.opening(number)[9] & 0x02 for number in range(2)]
    assert (clean_flags, talk.got) == ([0, 0], [("t", "meanwhile")])
    assert talk.said() == [PubAck(3)]


@pytest.mark.requirement("MQTT-3.1.2-6")
def test_3_1_2_6_clean_session_forgets_all_of_the_one_before(talk: Conversation) -> None:
    talk.make()
    lose(talk, "old", 1, first=True)
    held = Publish("t", b"held", 2, packet_id=9)
    # The broker does not release it: an identifier that is free could not tell.
    kept = (Expect("PUBLISH", dup=True), Send(held), Expect("PUBREC"))
    talk.meet(*kept, present=True, clean=False)
    talk.value("c.wait_msg()")
    # Nothing old is sent, and the identifier of a held message is that of a new one again.
    new = Publish("t", b"new", 2, packet_id=9).encode() + Publish("t", b"end").encode()
    talk.meet(Send(new), clean=True)
    talk.board.exec("while got[-1] != ('t', 'end'):\n    c.wait_msg()")
    assert talk.opening()[9] & 0x02
    assert talk.messages() == []
    assert talk.got == [("t", "held"), ("t", "new"), ("t", "end")]


@pytest.mark.requirement("MQTT-4.1.0-1")
def test_4_1_0_1_message_held_at_qos_2_outlives_the_connection(talk: Conversation) -> None:
    talk.make()
    talk.meet(Send(Publish("t", b"once", 2, packet_id=7)), Expect("PUBREC"), clean=False)
    talk.value("c.wait_msg()")
    talk.broker.perform(Close())
    assert talk.outcome("c.ping()")[0] == "OSError"
    again = Publish("t", b"once", 2, dup=True, packet_id=7)
    talk.meet(Send(again), present=True, call="c.reconnect()")
    talk.value("c.ping()")
    talk.value("c.check_msg()")
    assert talk.got == [("t", "once")]
    assert talk.said() == [PubRec(7), PubComp(7)]


@pytest.mark.requirement("MQTT-4.1.0-2")
def test_4_1_0_2_session_lasts_as_long_as_its_connection(talk: Conversation) -> None:
    talk.make()
    again = Publish("t", b"once", 2, dup=True, packet_id=7)
    talk.meet(
        Send(Publish("t", b"once", 2, packet_id=7)),
        Expect("PUBREC"),
        Expect("UNSUBSCRIBE"),
        Ack(),
        Send(again),
        Expect("PUBREC"),
        Send(PubRel(7)),
    )
    talk.value("c.wait_msg()")
    # Whatever else goes on meanwhile, and though the session is a clean one.
    for number in range(20):
        talk.value(f"c.publish('t', '{number}', qos={number % 3})")
    talk.value("c.subscribe('t', 1)")
    talk.value("c.ping()")
    talk.value("c.unsubscribe('t')")
    talk.value("c.ping()")
    talk.value("c.check_msg()")
    assert [message for _, message in talk.got] == ["once"]


@pytest.mark.requirement("MQTT-4.4.0-1")
def test_4_4_0_1_unacknowledged_publish_and_pubrel_are_sent_again(talk: Conversation) -> None:
    talk.make()
    talk.meet(Expect("PUBLISH"), Close(), clean=False)
    assert talk.outcome("c.publish('one', 'm', qos=1)")[0] == "OSError"
    talk.meet(
        Expect("PUBLISH"), Expect("PUBLISH"), Ack(), Expect("PUBREL"), Close(),
        present=True, call="c.reconnect()",
    )  # fmt: skip
    assert talk.outcome("c.publish('two', 'm', qos=2)")[0] == "OSError"
    talk.meet(present=True, call="c.reconnect()")
    assert talk.said() == [Publish("one", b"m", 1, dup=True, packet_id=1), PubRel(2)]


@pytest.mark.requirement("MQTT-4.4.0-1")
def test_4_4_0_1_nothing_is_sent_again_on_the_same_connection(talk: Conversation) -> None:
    talk.make()
    talk.board.exec("c.timeout_s = 2")
    # An answer that is late is no reason to repeat: only a new connection is.
    talk.meet(Expect("PUBLISH"), Ack(delay_s=0.6))
    talk.value("c.publish('t', 'm', qos=1)")
    assert talk.said() == [Publish("t", b"m", 1, packet_id=1)]


@pytest.mark.requirement("MQTT-4.4.0-1")
def test_4_4_0_1_what_is_finished_is_not_sent_again(talk: Conversation) -> None:
    talk.make()
    talk.meet(clean=False)
    for qos in range(3):
        talk.value(f"c.publish('t', 'm', qos={qos})")
    talk.value("c.subscribe('t')")
    talk.meet(present=True, call="c.reconnect()")
    assert talk.said() == []


@pytest.mark.requirement("MQTT-4.6.0-1")
def test_4_6_0_1_publishes_are_sent_again_in_their_order(talk: Conversation) -> None:
    talk.make()
    for number in range(4):
        lose(talk, str(number), 1 + number % 2, first=number == 0, copies=number)
    talk.meet(present=True, call="c.reconnect()")
    assert [each.payload for each in talk.messages()] == [b"0", b"1", b"2", b"3"]


@pytest.mark.requirement("MQTT-4.6.0-2")
def test_4_6_0_2_pubacks_come_in_the_order_of_their_publishes(talk: Conversation) -> None:
    talk.make()
    numbers = [5, 3, 9, 4, 1]
    data = b"".join(Publish("t", b"m", 1, packet_id=each).encode() for each in numbers)
    # Once while an answer is awaited, so that they have to wait, and once while nothing is.
    talk.meet(Expect("PINGREQ"), Send(data), Ack(), Expect("PINGREQ"), Ack(), Send(data))
    talk.value("c.ping()")
    talk.value("c.check_msg()")
    talk.value("c.ping()")
    talk.hear(10)
    order = [each.packet_id for each in talk.said() if isinstance(each, PubAck)]
    assert order == numbers + numbers


@pytest.mark.requirement("MQTT-4.6.0-3")
def test_4_6_0_3_pubrecs_come_in_the_order_of_their_publishes(talk: Conversation) -> None:
    talk.make()
    numbers = [5, 3, 9, 4, 1]
    messages = [Publish("t", b"m", 2, packet_id=each) for each in numbers]
    # Some while an answer is awaited, the others later: the order is one.
    talk.meet(Expect("PINGREQ"), Send(b"".join(each.encode() for each in messages)), Ack())
    talk.value("c.ping()")
    talk.value("c.check_msg()")
    order = [each.packet_id for each in talk.said() if isinstance(each, PubRec)]
    assert order == numbers


@pytest.mark.requirement("MQTT-4.6.0-4")
@pytest.mark.parametrize("order", [[1, 2, 3], [3, 1, 2]])
def test_4_6_0_4_pubrels_come_in_the_order_of_the_pubrecs(
    talk: Conversation, order: list[int]
) -> None:
    talk.make()
    for number in range(3):
        lose(talk, str(number), 2, first=number == 0, copies=number)
    answers = b"".join(PubRec(each).encode() for each in order)
    talk.meet(*[Expect("PUBLISH")] * 3, Send(answers), present=True, call="c.reconnect()")
    talk.value("c.ping()")
    released = [each.packet_id for each in talk.said() if isinstance(each, PubRel)]
    assert released == order


@pytest.mark.requirement("MQTT-3.8.4")
def test_3_8_4_message_before_suback_is_delivered(talk: Conversation) -> None:
    talk.make()
    early = [Publish("t", b"retained", 1, packet_id=4), Publish("t", b"live")]
    talk.meet(Expect("SUBSCRIBE"), Send(b"".join(each.encode() for each in early)), Ack())
    assert talk.outcome("c.subscribe('t', 1)") == ("returned", 1)
    talk.value("c.check_msg()")
    assert talk.got == [("t", "retained"), ("t", "live")]
    assert talk.said() == [Subscribe(1, (("t", 1),)), PubAck(4)]
