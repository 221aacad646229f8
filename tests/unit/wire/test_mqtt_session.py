"""The broker's side of a connection: what it answers, keeps, and finds broken."""

from __future__ import annotations

import pytest

from harness.errors import LocalProtocolError
from harness.wire.mqtt_event import Malformed, Received
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
)
from harness.wire.mqtt_session import BrokerSession
from harness.wire.mqtt_state import Phase, SessionState

CLEAN = Connect("c")
KEPT = Connect("c", clean_session=False)


def message(
    packet_id: int = 1, payload: bytes = b"m", *, qos: int = 1, dup: bool = False
) -> Publish:
    return Publish("t", payload, qos, dup=dup, packet_id=packet_id)


def hear(session: BrokerSession, *packets: Packet) -> list[str]:
    """Let packets come, and return the statements that they break."""
    events = session.receive(b"".join(packet.encode() for packet in packets))
    return [
        each.statement
        for event in events
        if isinstance(event, Received)
        for each in event.violations
    ]


def opened(connect: Connect = CLEAN, store: dict[str, SessionState] | None = None) -> BrokerSession:
    """Return a session whose client was let in."""
    session = BrokerSession(store)
    assert hear(session, connect) == []
    session.accept()
    session.data_to_send()
    return session


def test_session_says_nothing_by_itself() -> None:
    session = BrokerSession()
    assert hear(session, CLEAN, PingReq(), message(), Subscribe(2, (("t", 1),))) == []
    assert session.data_to_send() == b""


@pytest.mark.parametrize(
    ("packet", "answer"),
    [
        (message(7), PubAck(7)),
        (message(7, qos=2), PubRec(7)),
        (PubRel(7), PubComp(7)),
        (PubRec(7), PubRel(7)),
        (Subscribe(7, (("a", 0), ("b", 2))), SubAck(7, (0, 2))),
        (Unsubscribe(7, ("a",)), UnsubAck(7)),
        (PingReq(), PingResp()),
        (CLEAN, ConnAck()),
    ],
)
def test_ack_is_the_answer_that_the_specification_has(packet: Packet, answer: Packet) -> None:
    session = BrokerSession()
    session.ack(packet)
    assert session.data_to_send() == answer.encode()
    assert session.data_to_send() == b""


@pytest.mark.parametrize("packet", [Publish("t"), PubAck(1), PubComp(1), Disconnect(), PingResp()])
def test_ack_of_what_is_not_answered_is_our_own_error(packet: Packet) -> None:
    with pytest.raises(LocalProtocolError, match="has no answer"):
        BrokerSession().ack(packet)


def test_phase_follows_both_sides() -> None:
    session = BrokerSession()
    phases = [session.phase]
    hear(session, CLEAN)
    phases.append(session.phase)
    session.accept()
    phases.append(session.phase)
    assert session.is_accepted
    hear(session, Disconnect())
    phases.append(session.phase)
    assert phases == [Phase.CONNECTING, Phase.CONNECTED, Phase.OPEN, Phase.ENDED]


def test_refused_client_is_not_accepted() -> None:
    session = BrokerSession()
    hear(session, CLEAN)
    session.refuse(5)
    assert session.data_to_send() == ConnAck(code=5).encode()
    assert session.phase is Phase.REFUSED
    assert not session.is_accepted


def test_raw_bytes_count_as_the_packets_that_they_are() -> None:
    session = BrokerSession()
    hear(session, CLEAN)
    for byte in ConnAck().encode() + message(9).encode():
        session.send(bytes((byte,)))
    assert session.phase is Phase.OPEN
    assert session.state.to_client.due == (("PUBACK", 9),)
    session.send(b"\xf0\x00" + message(10).encode())
    assert session.state.to_client.due == (("PUBACK", 9),), (
        "after nonsense the client reads nothing"
    )


def test_malformed_bytes_end_the_reading() -> None:
    session = opened()
    events = session.receive(PingReq().encode() + b"\x36\x05\x00\x01t\x00\x01")
    assert [type(each) for each in events] == [Received, Malformed]
    assert session.phase is Phase.BROKEN
    assert [each.statement for each in session.violations] == ["MQTT-3.3.1-4"]
    assert session.violations[0].is_fatal
    assert str(session.violations[0]) == "MQTT-3.3.1-4: PUBLISH: both QoS bits are set"
    assert session.receive(PingReq().encode()) == []


@pytest.mark.parametrize(
    ("packets", "statements"),
    [
        ((PingReq(),), ["MQTT-3.1.0-1"]),
        ((CLEAN, CLEAN), ["MQTT-3.1.0-2"]),
        ((Connect("", clean_session=False),), ["MQTT-3.1.3-7"]),
        ((CLEAN, Disconnect(), PingReq()), ["MQTT-3.14.4-2"]),
        ((CLEAN, Disconnect(), CLEAN), ["MQTT-3.14.4-2"]),
        ((CLEAN, PingResp()), ["section 2.2.1"]),
        ((CLEAN, ConnAck()), ["section 2.2.1"]),
        ((CLEAN, SubAck(1, (0,))), ["section 2.2.1"]),
        ((CLEAN, UnsubAck(1)), ["section 2.2.1"]),
        ((CLEAN, message(1), message(1, b"other")), ["MQTT-2.3.1-2"]),
        ((CLEAN, message(1), Subscribe(1, (("t", 0),))), ["MQTT-2.3.1-2"]),
        ((CLEAN, Subscribe(1, (("t", 0),)), Unsubscribe(1, ("t",))), ["MQTT-2.3.1-2"]),
        ((CLEAN, message(1), message(1)), ["MQTT-3.3.1-1"]),
        ((CLEAN, message(1), message(1, dup=True)), []),
        ((CLEAN, message(1, dup=True)), ["MQTT-4.3.2-1"]),
        ((CLEAN, message(1, qos=2, dup=True)), ["MQTT-4.3.3-1"]),
        ((CLEAN, PubRel(1)), ["MQTT-2.3.1-6"]),
        ((CLEAN, message(1, qos=2), PubRel(1)), ["MQTT-4.3.3-1"]),
        ((CLEAN, PubAck(1)), ["MQTT-2.3.1-6"]),
    ],
)
def test_client_breaks_the_statement(packets: tuple[Packet, ...], statements: list[str]) -> None:
    session = BrokerSession()
    assert hear(session, *packets) == statements
    assert [each.statement for each in session.violations] == statements


def test_message_at_qos_2_is_new_once_until_it_is_released() -> None:
    session = opened()

    def is_new(packet: Publish) -> bool:
        (event,) = session.receive(packet.encode())
        assert isinstance(event, Received)
        assert event.violations == ()
        return event.is_new

    assert is_new(message(1, qos=2))
    assert not is_new(message(1, qos=2, dup=True))
    session.ack(message(1, qos=2))
    assert not is_new(message(1, qos=2, dup=True))
    assert hear(session, PubRel(1)) == []
    session.ack(PubRel(1))
    assert hear(session, PubRel(1)) == [], "PUBCOMP may have been lost"
    assert is_new(message(1, qos=2))


def test_message_at_qos_1_is_new_each_time() -> None:
    session = opened()
    events = session.receive(message(1).encode() + message(1, dup=True).encode())
    assert [event.is_new for event in events if isinstance(event, Received)] == [True, True]


def test_publish_after_pubrel_is_found() -> None:
    session = opened()
    hear(session, message(1, qos=2))
    session.ack(message(1, qos=2))
    assert hear(session, PubRel(1), message(1, qos=2, dup=True)) == ["MQTT-4.3.3-1"]


def test_pubrel_out_of_order_is_found() -> None:
    session = opened()
    hear(session, message(1, qos=2), message(2, qos=2))
    session.ack(message(1, qos=2))
    session.ack(message(2, qos=2))
    assert hear(session, PubRel(2)) == ["MQTT-4.6.0-4"]
    assert hear(session, PubRel(1)) == []


def test_identifier_is_free_after_its_answer() -> None:
    session = opened()
    hear(session, message(1), Subscribe(2, (("t", 1),)), Unsubscribe(3, ("t",)))
    in_use = session.state.from_client.open_ids
    assert in_use == (1, 2, 3)
    session.ack(message(1))
    session.ack(Subscribe(2, (("t", 1),)))
    session.ack(Unsubscribe(3, ("t",)))
    assert not session.state.from_client.open_ids
    assert hear(session, message(1, b"2"), message(2), message(3)) == []


def test_wrong_answer_finishes_nothing() -> None:
    session = opened()
    hear(session, message(1))
    session.send(PubComp(1))
    session.send(PubAck(2))
    assert session.state.from_client.open_ids == (1,)


@pytest.mark.parametrize(
    ("qos", "answers", "statements"),
    [
        (1, (PubAck(1), PubAck(2)), []),
        (1, (PubAck(2), PubAck(1)), ["MQTT-4.6.0-2"]),
        (1, (PubAck(1), PubAck(1)), ["MQTT-2.3.1-6"]),
        (1, (PubRec(1),), ["MQTT-3.3.4-1"]),
        (1, (PubAck(3),), ["MQTT-2.3.1-6"]),
        (2, (PubRec(1), PubRec(2)), []),
        (2, (PubRec(2), PubRec(1)), ["MQTT-4.6.0-3"]),
        (2, (PubAck(1),), ["MQTT-3.3.4-1"]),
        (2, (PubRec(1), PubRec(1)), ["MQTT-2.3.1-6"]),
        (2, (PubComp(1),), ["MQTT-3.3.4-1"]),
    ],
)
def test_answers_to_our_messages_are_judged(
    qos: int, answers: tuple[Packet, ...], statements: list[str]
) -> None:
    session = opened()
    assert session.publish("t", b"1", qos=qos).packet_id == 1
    assert session.publish("t", b"2", qos=qos).packet_id == 2
    assert hear(session, *answers) == statements


def test_message_that_was_doubled_may_be_answered_twice() -> None:
    session = opened()
    packet = session.publish("t", b"1", qos=1)
    session.send(packet)
    assert hear(session, PubAck(1), PubAck(1)) == []
    assert session.state.to_client.due == ()


def test_our_message_at_qos_2_runs_to_its_end() -> None:
    session = opened()
    session.publish("t", qos=2)
    assert hear(session, PubRec(1)) == []
    session.ack(PubRec(1))
    assert session.state.to_client.due == (("PUBCOMP", 1),)
    assert hear(session, PubComp(1)) == []
    assert session.state.to_client.open_ids == ()
    assert session.publish("t", qos=2).packet_id == 2


def test_our_identifiers_wrap_and_skip_those_in_use() -> None:
    session = opened()
    first = session.publish("t", qos=1)
    numbers = []
    for _ in range(65534):
        numbers.append(session.publish("t", qos=1).packet_id)
        session.receive(PubAck(numbers[-1]).encode())
    assert [first.packet_id, *numbers] == list(range(1, 65536))
    assert session.publish("t", qos=1).packet_id == 2


def test_subscriptions_follow_what_was_granted() -> None:
    session = opened()
    asked = Subscribe(1, (("a", 2), ("b", 1), ("c", 0)))
    hear(session, asked)
    assert session.state.subscriptions == {}
    session.ack(asked, (1, 0x80, 0))
    assert session.state.subscriptions == {"a": 1, "c": 0}
    hear(session, Unsubscribe(2, ("a",)))
    session.ack(Unsubscribe(2, ("a",)))
    assert session.state.subscriptions == {"c": 0}


def test_kept_session_comes_back_and_is_resumed() -> None:
    store: dict[str, SessionState] = {}
    first = opened(KEPT, store)
    assert not first.had_state
    hear(first, Subscribe(1, (("t", 2),)))
    first.ack(Subscribe(1, (("t", 2),)))
    first.publish("t", b"1", qos=1)
    first.publish("t", b"2", qos=2)
    first.publish("t", b"3", qos=2)
    hear(first, PubRec(2), message(5), message(6, qos=2))
    first.data_to_send()

    second = BrokerSession(store)
    assert hear(second, KEPT) == []
    assert second.had_state
    second.accept()
    assert second.data_to_send() == ConnAck(session_present=True).encode()
    assert second.state.subscriptions == {"t": 2}
    assert second.state.from_client.resend_due == (5, 6)
    second.resend()
    assert second.data_to_send() == b"".join(
        packet.encode()
        for packet in (
            message(1, b"1", dup=True),
            PubRel(2),
            message(3, b"3", qos=2, dup=True),
        )
    )
    assert hear(second, message(5, dup=True), message(6, qos=2, dup=True)) == []
    assert not second.state.from_client.resend_due


def test_pubrel_may_come_again_on_the_next_connection() -> None:
    store: dict[str, SessionState] = {}
    first = opened(KEPT, store)
    hear(first, message(1, qos=2))
    first.ack(message(1, qos=2))
    assert hear(first, PubRel(1)) == []
    second = opened(KEPT, store)
    assert hear(second, PubRel(1)) == []
    second.ack(PubRel(1))
    assert not second.state.from_client.open_ids


def test_message_may_come_again_when_its_pubrec_was_lost() -> None:
    store: dict[str, SessionState] = {}
    first = opened(KEPT, store)
    hear(first, message(1, qos=2))
    first.ack(message(1, qos=2))
    second = opened(KEPT, store)
    (event,) = second.receive(message(1, qos=2, dup=True).encode())
    assert isinstance(event, Received)
    assert not event.is_new
    second.ack(message(1, qos=2))
    assert hear(second, PubRel(1)) == []


def test_answer_to_an_earlier_message_makes_its_resend_needless() -> None:
    store: dict[str, SessionState] = {}
    hear(opened(KEPT, store), message(1))
    second = opened(KEPT, store)
    second.send(PubAck(1))
    assert not second.state.from_client.resend_due
    assert not second.state.from_client.open_ids


def test_message_over_the_limit_for_clients_can_be_said() -> None:
    session = BrokerSession(limit_bytes=10)
    session.send(message(3, bytes(100)))
    assert session.state.to_client.due == (("PUBACK", 3),)


def test_resend_out_of_order_or_without_dup_is_found() -> None:
    store: dict[str, SessionState] = {}
    hear(opened(KEPT, store), message(1), message(2))
    second = opened(KEPT, store)
    assert hear(second, message(2, dup=True)) == ["MQTT-4.6.0-1"]
    assert hear(second, message(1)) == ["MQTT-3.3.1-1"]


def test_message_that_never_arrived_may_have_dup_in_a_kept_session() -> None:
    assert hear(opened(KEPT, {}), message(1, dup=True)) == []


def test_late_answer_to_a_message_of_an_earlier_connection_is_legal() -> None:
    store: dict[str, SessionState] = {}
    opened(KEPT, store).publish("t", qos=1)
    second = opened(KEPT, store)
    assert hear(second, PubAck(1)) == []
    assert second.state.to_client.open_ids == ()


def test_clean_session_drops_what_was_kept() -> None:
    store: dict[str, SessionState] = {}
    hear(opened(KEPT, store), message(1))
    clean = opened(CLEAN, store)
    assert store == {}
    assert not clean.had_state
    assert hear(clean, message(1, b"other")) == []


def test_session_said_to_be_absent_is_forgotten() -> None:
    """A broker that has lost its sessions: what came before CONNACK on this connection stays."""
    store: dict[str, SessionState] = {}
    first = opened(KEPT, store)
    hear(first, message(1), Subscribe(2, (("t", 1),)))
    first.ack(Subscribe(2, (("t", 1),)))
    first.publish("t", qos=1)
    second = BrokerSession(store)
    hear(second, KEPT, message(9))
    second.accept(session_present=False)
    assert second.state.from_client.open_ids == (9,)
    assert second.state.subscriptions == {}
    assert second.state.to_client.unfinished() == ()
    assert hear(second, message(1, b"other")) == []
