"""CONNECT, MQTT 3.1.1 section 3.1: what a client says of itself."""

from __future__ import annotations

import pytest

from harness.broker.scripted_step import Expect
from harness.scenario.conversation import Conversation
from harness.wire.mqtt_packet import Connect, Disconnect

#: Where the connect flags stand when the remaining length has one byte, and their bits.
FLAGS = 9
USER, PASSWORD, WILL_RETAIN, WILL_QOS, WILL, CLEAN = 0x80, 0x40, 0x20, 0x18, 0x04, 0x02
#: Where the payload begins.
PAYLOAD = 12

ANONYMOUS = "'c', 'broker.lab'"


def opening(talk: Conversation, arguments: str = ANONYMOUS, before: str = "pass") -> bytes:
    """Return the CONNECT of a client, whatever comes of it."""
    talk.make(arguments)
    talk.board.exec(before)
    talk.outcome("c.connect()")
    return talk.opening()


@pytest.mark.requirement("MQTT-3.1.0-1")
def test_3_1_0_1_nothing_is_sent_before_connect(talk: Conversation) -> None:
    talk.make()
    for call in ("publish('t', 'm')", "subscribe('t')", "ping()", "wait_msg()", "check_msg()"):
        assert talk.outcome(f"c.{call}")[0] == "OSError"
    assert talk.broker.connection_count == 0
    talk.meet()
    talk.value("c.reconnect()")
    kinds = [talk.opening(number)[0] for number in range(2)]
    assert kinds == [0x10, 0x10]


@pytest.mark.requirement("MQTT-3.1.0-2")
def test_3_1_0_2_connect_is_sent_once_on_a_connection(talk: Conversation) -> None:
    talk.make()
    talk.meet()
    talk.value("c.connect()")
    talk.value("c.reconnect()")
    talk.value("c.ping()")
    connections = [
        each.connection for each in talk.broker.packets() if isinstance(each.packet, Connect)
    ]
    assert connections == [0, 1, 2]


@pytest.mark.requirement("MQTT-3.1.2-1")
def test_3_1_2_1_protocol_name_is_mqtt(talk: Conversation) -> None:
    assert opening(talk)[2:8] == b"\x00\x04MQTT"


@pytest.mark.requirement("MQTT-3.1.2-2")
def test_3_1_2_2_protocol_level_is_4(talk: Conversation) -> None:
    assert opening(talk)[8] == 4


@pytest.mark.requirement("MQTT-3.1.2-3")
@pytest.mark.parametrize(
    "arguments", [ANONYMOUS, f"{ANONYMOUS}, user='u'", f"{ANONYMOUS}, user='u', password='p'"]
)
def test_3_1_2_3_reserved_connect_flag_is_0(talk: Conversation, arguments: str) -> None:
    assert opening(talk, arguments, "c.set_last_will('w', 'm', True, 2)")[FLAGS] & 0x01 == 0


@pytest.mark.requirement("MQTT-3.1.2-9")
@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("retain", [False, True])
def test_3_1_2_9_will_sets_its_flags_and_both_its_fields(
    talk: Conversation, qos: int, retain: bool
) -> None:
    data = opening(talk, before=f"c.set_last_will('will/topic', 'gone', {retain}, {qos})")
    flags = WILL | qos << 3 | (WILL_RETAIN if retain else 0) | CLEAN
    assert (data[FLAGS], data[PAYLOAD:]) == (flags, b"\x00\x01c\x00\x0awill/topic\x00\x04gone")


@pytest.mark.requirement("MQTT-3.1.2-9")
def test_3_1_2_9_empty_will_message_is_a_field_of_length_0(talk: Conversation) -> None:
    data = opening(talk, before="c.set_last_will('w', '')")
    assert (data[FLAGS] & WILL, data[PAYLOAD:]) == (WILL, b"\x00\x01c\x00\x01w\x00\x00")


@pytest.mark.requirement("MQTT-3.1.2-11")
def test_3_1_2_11_without_a_will_its_flag_and_fields_are_absent(talk: Conversation) -> None:
    talk.make(name="other")
    talk.board.exec("other.set_last_will('will/topic', 'gone', True, 2)")
    data = opening(talk)
    assert (data[FLAGS] & WILL, data[PAYLOAD:]) == (0, b"\x00\x01c")


@pytest.mark.requirement("MQTT-3.1.2-13")
def test_3_1_2_13_without_a_will_its_qos_is_0(talk: Conversation) -> None:
    assert opening(talk, f"{ANONYMOUS}, user='u', password='p'")[FLAGS] & WILL_QOS == 0


@pytest.mark.requirement("MQTT-3.1.2-14")
@pytest.mark.parametrize("qos", ["3", "-1", "4", "None"])
def test_3_1_2_14_will_qos_above_2_is_not_sent(talk: Conversation, qos: str) -> None:
    talk.make()
    assert talk.outcome(f"c.set_last_will('w', 'm', False, {qos})")[0] == "ValueError"
    talk.outcome("c.connect()")
    assert talk.opening()[FLAGS] & (WILL | WILL_QOS) == 0


@pytest.mark.requirement("MQTT-3.1.2-15")
def test_3_1_2_15_without_a_will_its_retain_flag_is_0(talk: Conversation) -> None:
    assert opening(talk, f"{ANONYMOUS}, user='u', password='p'")[FLAGS] & WILL_RETAIN == 0


@pytest.mark.requirement("MQTT-3.1.2-18")
def test_3_1_2_18_without_user_name_flag_there_is_no_user_name(talk: Conversation) -> None:
    data = opening(talk)
    assert (data[FLAGS] & USER, data[PAYLOAD:]) == (0, b"\x00\x01c")


@pytest.mark.requirement("MQTT-3.1.2-19")
@pytest.mark.parametrize("user", ["test", ""])
def test_3_1_2_19_with_user_name_flag_there_is_a_user_name(talk: Conversation, user: str) -> None:
    data = opening(talk, f"{ANONYMOUS}, user={user!r}, password='p'")
    field = bytes((0, len(user))) + user.encode()
    assert (data[FLAGS] & USER, data[PAYLOAD + 3 : -3]) == (USER, field)


@pytest.mark.requirement("MQTT-3.1.2-20")
def test_3_1_2_20_without_password_flag_there_is_no_password(talk: Conversation) -> None:
    data = opening(talk, f"{ANONYMOUS}, user='test'")
    assert (data[FLAGS] & PASSWORD, data[PAYLOAD:]) == (0, b"\x00\x01c\x00\x04test")


@pytest.mark.requirement("MQTT-3.1.2-21")
@pytest.mark.parametrize(
    ("password", "field"),
    [("'secret'", b"\x00\x06secret"), (r"b'\xff\x00'", b"\x00\x02\xff\x00"), ("''", b"\x00\x00")],
    ids=["text", "binary", "empty"],
)
def test_3_1_2_21_with_password_flag_there_is_a_password(
    talk: Conversation, password: str, field: bytes
) -> None:
    data = opening(talk, f"{ANONYMOUS}, user='u', password={password}")
    assert (data[FLAGS] & PASSWORD, data[PAYLOAD + 6 :]) == (PASSWORD, field)


@pytest.mark.requirement("MQTT-3.1.2-22")
def test_3_1_2_22_password_without_user_name_is_refused(talk: Conversation) -> None:
    talk.make()
    how, _ = talk.outcome(f"MQTTClient({ANONYMOUS}, password='p').connect()")
    assert (how, talk.broker.connection_count) == ("ValueError", 0)


@pytest.mark.requirement("MQTT-3.1.3-1")
def test_3_1_3_1_fields_of_the_payload_stand_in_order(talk: Conversation) -> None:
    data = opening(
        talk,
        "'id', 'broker.lab', user='user', password='pass'",
        "c.set_last_will('topic', 'message')",
    )
    fields = [b"id", b"topic", b"message", b"user", b"pass"]
    assert data[PAYLOAD:] == b"".join(bytes((0, len(each))) + each for each in fields)


@pytest.mark.requirement("MQTT-3.1.3-2")
@pytest.mark.parametrize("arguments", [ANONYMOUS, "'', 'broker.lab'"], ids=["given", "random"])
def test_3_1_3_2_one_client_has_the_same_identifier_on_each_connection(
    talk: Conversation, arguments: str
) -> None:
    talk.make(arguments)
    talk.meet()
    talk.value("c.connect()")
    talk.value("c.reconnect()")
    names = [talk.opening(number)[PAYLOAD:] for number in range(3)]
    assert names[1:] == names[:-1]
    talk.make("'', 'broker.lab'", name="other")
    talk.value("other.connect()")
    assert talk.opening()[PAYLOAD:] != names[0]


@pytest.mark.requirement("MQTT-3.1.3-3")
@pytest.mark.parametrize("name", ["c", "0123456789abcdefghijABC", "x" * 100])
def test_3_1_3_3_identifier_is_the_first_field(talk: Conversation, name: str) -> None:
    data = opening(talk, f"{name!r}, 'broker.lab', user='u', password='p'")
    assert data[PAYLOAD:].startswith(bytes((0, len(name))) + name.encode())


@pytest.mark.requirement("MQTT-3.1.3-4")
def test_3_1_3_4_identifier_is_utf8(talk: Conversation) -> None:
    assert talk.outcome(r"MQTTClient(b'\xc3(', 'broker.lab')")[0] == "ValueError"
    assert opening(talk, "'程', 'broker.lab'")[PAYLOAD:] == b"\x00\x03\xe7\xa8\x8b"


@pytest.mark.requirement("MQTT-3.1.3-7")
@pytest.mark.parametrize("name", ["''", "None"])
def test_3_1_3_7_kept_session_without_identifier_is_not_asked_for(
    talk: Conversation, name: str
) -> None:
    talk.make(f"{name}, 'broker.lab'")
    assert talk.outcome("c.connect(False)") == ("ValueError", None)
    assert talk.broker.connection_count == 0
    talk.meet()
    data = talk.opening()
    # Every broker must take up to 23 of these characters (3.1.3-5).
    made = data[PAYLOAD + 2 :].decode()
    assert (data[FLAGS] & CLEAN, made.isalnum(), 1 <= len(made) <= 23) == (CLEAN, True, True)


@pytest.mark.requirement("MQTT-3.1.3-10")
def test_3_1_3_10_will_topic_is_utf8(talk: Conversation) -> None:
    talk.make()
    assert talk.outcome(r"c.set_last_will(b'\xe6\xb8', 'm')")[0] == "ValueError"
    data = opening(talk, before="c.set_last_will('遗/嘱', 'm')")
    assert data[PAYLOAD + 3 :] == b"\x00\x07\xe9\x81\x97/\xe5\x98\xb1\x00\x01m"


@pytest.mark.requirement("MQTT-3.1.3-11")
def test_3_1_3_11_user_name_is_utf8(talk: Conversation) -> None:
    assert talk.outcome(rf"MQTTClient({ANONYMOUS}, user=b'\xff')")[0] == "ValueError"
    assert opening(talk, f"{ANONYMOUS}, user='Jürgen'")[PAYLOAD + 3 :] == b"\x00\x07J\xc3\xbcrgen"


@pytest.mark.requirement("MQTT-3.14.4-1")
def test_3_14_4_1_client_closes_after_disconnect(talk: Conversation) -> None:
    talk.make()
    # The script takes DISCONNECT, so that the broker does not close first.
    talk.meet(Expect("DISCONNECT"))
    talk.value("c.disconnect()")
    assert talk.end().by_client


@pytest.mark.requirement("MQTT-3.14.4-2")
def test_3_14_4_2_nothing_is_sent_after_disconnect(talk: Conversation) -> None:
    talk.make()
    talk.meet()
    talk.value("c.disconnect()")
    for call in ("publish('t', 'm')", "ping()", "subscribe('t')", "check_msg()"):
        assert talk.outcome(f"c.{call}")[0] == "OSError"
    talk.value("c.disconnect()")
    talk.end()
    assert talk.broker.received(0) == talk.opening() + Disconnect().encode()
