"""Construction, connection, will and session of `MQTTClient`, against a scripted broker."""

from __future__ import annotations

import pytest

from tests.device.conftest import Start
from tests.device.peer import (
    CONNACK,
    CONNACK_PRESENT,
    CONNECT,
    DISCONNECT,
    PINGREQ,
    PINGRESP,
    Peer,
    answer,
    packet,
    publish,
    string,
)
from tests.device.program import SHORT

ETIMEDOUT, ENOTCONN, ECONNREFUSED, ECONNRESET = 110, 107, 111, 104


def connect_packet(flags: int, payload: bytes, keepalive: int = 0) -> bytes:
    """Return a CONNECT."""
    head = b"\x00\x04MQTT\x04" + bytes((flags,)) + keepalive.to_bytes(2, "big")
    return packet(0x10, head + payload)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("'c', '127.0.0.1', PORT", CONNECT),
        ("client_id='c', server='127.0.0.1', port=PORT", CONNECT),
        ("b'c', 'localhost', PORT", CONNECT),
        (
            "'c', '127.0.0.1', PORT, 'u', 'p'",
            connect_packet(0xC2, string("c") + string("u") + string("p")),
        ),
        ("'c', '127.0.0.1', PORT, 'u'", connect_packet(0x82, string("c") + string("u"))),
        (
            "'c', '127.0.0.1', PORT, 'u', b'\\xff\\x00'",
            connect_packet(0xC2, string("c") + string("u") + string(b"\xff\x00")),
        ),
        ("'c', '127.0.0.1', PORT, None, None, 60", connect_packet(0x02, string("c"), 60)),
        ("'c', '127.0.0.1', PORT, keepalive=65535", connect_packet(0x02, string("c"), 65535)),
        (
            "'\u7a0b\u5c0f\u5954', '127.0.0.1', PORT",
            connect_packet(0x02, string("\u7a0b\u5c0f\u5954")),
        ),
        ("'x' * 200, '127.0.0.1', PORT", connect_packet(0x02, string("x" * 200))),
    ],
)
def test_mqtt_02_04_09_10_connect_of_given_details_is_this_packet(
    start: Start, peer: Peer, arguments: str, expected: bytes
) -> None:
    program = start(f"c = make({arguments})\ntries(c.connect)")
    peer.accept()
    peer.expect(expected)
    peer.send(CONNACK)
    assert program.end() == ["returned False"]


def test_mqtt_03_building_the_object_opens_no_connection(start: Start, peer: Peer) -> None:
    peer.shut()
    assert start("c = make()\nprint('built')\ntries(c.connect)").end() == [
        "built",
        f"OSError {ECONNREFUSED}",
    ]


def test_mqtt_05_no_client_id_gives_two_random_ones(start: Start, peer: Peer) -> None:
    program = start("for id in '', None:\n    make(id, '127.0.0.1', PORT).connect()")
    ids = []
    for _ in range(2):
        connect = peer.greet()
        ids.append(connect[14:])
    program.end()
    assert ids[0] != ids[1]
    assert all(1 <= len(each) <= 23 and each.isalnum() for each in ids)


def test_mqtt_06_no_client_id_and_a_kept_session_is_refused_before_sending(start: Start) -> None:
    program = start("tries(make('', '127.0.0.1', PORT).connect, clean_session=False)")
    assert program.end() == ["ValueError"]


def test_mqtt_08_default_ports(start: Start) -> None:
    program = start(
        "print(make('c', 'h')._server[1], make('c', 'h', ssl=True)._server[1],"
        " make('c', 'h', 99, ssl=True)._server[1])"
    )
    assert program.end() == ["1883 8883 99"]


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 255])
def test_mqtt_09_refusal_raises_its_code_and_closes(start: Start, peer: Peer, code: int) -> None:
    program = start("c = make()\ntries(c.connect)\ntries(c.ping)\ntries(c.reconnect)")
    peer.greet(bytes((0x20, 2, 0, code)))
    peer.expect_end()
    peer.greet()
    assert program.end() == [f"MQTTException {code}", f"OSError {ENOTCONN}", "returned False"]


@pytest.mark.parametrize(
    "source",
    [
        "make(1, 'h')",
        "make('c', None)",
        "make('c', b'h')",
        "make('c', 'h', '1883')",
        "make('c', 'h', 1, 2)",
        "make('c', 'h', 1, 'u', 2)",
        "make('c', 'h', keepalive='60')",
        "make('c', 'h', keepalive=1.5)",
        "make().set_callback(3)",
        "make().set_last_will('t', 38)",
        "make().set_last_will(3, 't')",
    ],
)
def test_argument_of_the_wrong_type_raises_type_error(start: Start, source: str) -> None:
    assert start(f"tries(lambda: {source})").end() == ["TypeError"]


@pytest.mark.parametrize(
    "source",
    [
        "make('c', 'h', -1)",
        "make('c', 'h', 65536)",
        "make('c', 'h', keepalive=-1)",
        "make('c', 'h', keepalive=65536)",
        "make('c', 'h', 1, None, 'p')",
        "make('c\\0', 'h')",
        "make('x' * 65536, 'h')",
        "make(b'\\xff', 'h')",
        "make('c', 'h', 1, b'\\xed\\xa0\\x80')",
        "make().set_last_will('', 'm')",
        "make().set_last_will('a/#', 'm')",
        "make().set_last_will('a/+', 'm')",
        "make().set_last_will('a', 'm', False, 3)",
        "make().set_last_will('a', 'm', False, -1)",
        "make().set_last_will('a', 'm' * 65536)",
    ],
)
def test_mqtt_25_argument_out_of_range_raises_value_error(start: Start, source: str) -> None:
    assert start(f"tries(lambda: {source})").end() == ["ValueError"]


def test_nothing_is_public_but_what_is_documented(start: Start) -> None:
    program = start(
        "c = make()\nprint(sorted(n for n in dir(c) if n[0] != '_'))\n"
        "import mqtt\nprint(mqtt.__version__)\n"
        "print(sorted(n for n in dir(mqtt) if 'M' in n), sorted(n for n in dir(MQTTException('x'))"
        " if n not in dir(Exception()) and n[0] != '_'))"
    )
    names, version, classes = program.end()
    methods = (
        "check_msg connect disconnect ping publish reconnect set_callback set_last_will subscribe "
        "unsubscribe wait_msg"
    )
    limits = "dropped max_packet_bytes max_queue_bytes max_queue_messages timeout_s"
    assert names == str(sorted((methods + " " + limits).split()))
    assert version == "1.0.0"
    assert classes == "['MQTTClient', 'MQTTException'] ['code']"


def test_mqtt_12_ssl_params_do_not_leak_between_objects(start: Start) -> None:
    program = start(
        "given = {'a': 1}\n"
        "one = make('c', 'h', ssl=True, ssl_params=given)\n"
        "two = make('c', 'h', ssl=True)\n"
        "one._server[2]['b'] = 2\n"
        "given['c'] = 3\n"
        "for c in one, two, make('c', 'h', ssl=True):\n    print(sorted(c._server[2]))"
    )
    default = "['server_hostname']"
    assert program.end() == ["['a', 'b', 'server_hostname']", default, default]


@pytest.mark.parametrize("begun", [b"", CONNACK[:1], CONNACK[:3]])
def test_mqtt_13_silent_broker_ends_connect_in_time(start: Start, peer: Peer, begun: bytes) -> None:
    program = start(SHORT + "c = make()\ntries(c.connect)")
    peer.accept()
    peer.take()
    peer.send(begun)
    assert program.end() == [f"OSError {ETIMEDOUT}"]


@pytest.mark.parametrize(
    ("reply", "printed"),
    [
        (CONNACK, "returned False"),
        (CONNACK_PRESENT, "returned True"),
        (b"\x20\x02\x02\x00", "MQTTException None"),
        (b"\x21\x02\x00\x00", "MQTTException None"),
        (b"\x20\x03\x00\x00\x00", "MQTTException None"),
        (b"\x20\x01\x00", "MQTTException None"),
        (PINGRESP, "MQTTException None"),
        (publish("t", "m"), "MQTTException None"),
        (b"HTTP/1.1 400 Bad Request\r\n", "MQTTException None"),
        (b"\x20\xff\xff\xff\xff\x01", "MQTTException None"),
    ],
)
def test_mqtt_13_first_packet_other_than_connack_is_refused(
    start: Start, peer: Peer, reply: bytes, printed: str
) -> None:
    program = start("c = make()\ntries(c.connect, False)")
    peer.greet(reply)
    assert program.end() == [printed]


def test_session_present_after_a_clean_connect_is_a_protocol_error(
    start: Start, peer: Peer
) -> None:
    program = start("c = make()\ntries(c.connect)")
    peer.greet(CONNACK_PRESENT)
    assert program.end() == ["MQTTException None"]


def test_second_connack_is_a_protocol_error(start: Start, peer: Peer) -> None:
    program = start("c = make()\nc.connect()\ntries(c.check_msg if False else c.wait_msg)")
    peer.greet(CONNACK + CONNACK)
    assert program.end() == ["MQTTException None"]


def test_mqtt_14_15_16_session_flag_of_connect_is_kept_by_reconnect(
    start: Start, peer: Peer
) -> None:
    program = start(
        "c = make('c', '127.0.0.1', PORT, 'u', 'p', 7)\n"
        "c.set_last_will('w', 'gone', True, 2)\n"
        "c.connect(False)\nc.reconnect()\n"
    )
    payload = string("c") + string("w") + string("gone") + string("u") + string("p")
    expected = connect_packet(0xC0 | 0x20 | 0x10 | 0x04, payload, 7)
    assert peer.greet() == expected
    peer.expect(DISCONNECT)
    peer.expect_end()
    assert peer.greet() == expected
    program.end()


def test_mqtt_17_reconnect_before_connect_raises_and_says_so(start: Start) -> None:
    program = start(
        "try:\n    make().reconnect()\nexcept OSError as e:\n"
        "    print(e.args[0], 'connect()' in e.args[1])"
    )
    assert program.end() == [f"{ENOTCONN} True"]


def test_mqtt_18_disconnect_sends_disconnect_and_may_be_called_twice(
    start: Start, peer: Peer
) -> None:
    program = start("c = make()\nc.disconnect()\nc.connect()\nc.disconnect()\nc.disconnect()")
    peer.greet()
    peer.expect(DISCONNECT)
    peer.expect_end()
    assert program.end() == []


def test_mqtt_19_ping_returns_after_pingresp(start: Start, peer: Peer) -> None:
    program = start("c = make()\nc.connect()\ntries(c.ping)")
    peer.greet()
    peer.expect(PINGREQ)
    peer.send(PINGRESP)
    assert program.end() == ["returned None"]


def test_mqtt_19_ping_without_answer_raises_in_time_and_reconnect_works(
    start: Start, peer: Peer
) -> None:
    program = start(
        SHORT + "c = make()\nc.connect()\ntries(c.ping)\ntries(c.reconnect)\ntries(c.ping)"
    )
    peer.greet()
    peer.expect(PINGREQ)
    peer.expect_end()
    peer.greet()
    peer.expect(PINGREQ)
    peer.send(PINGRESP)
    assert program.end() == [f"OSError {ETIMEDOUT}", "returned False", "returned None"]


@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("retain", [False, True])
def test_mqtt_22_23_24_will_is_in_connect(start: Start, peer: Peer, qos: int, retain: bool) -> None:
    program = start(
        f"c = make()\nc.set_last_will('w/\u6e29', b'\\x00\\xff', {retain}, {qos})\nc.connect()"
    )
    flags = 0x02 | 0x04 | qos << 3 | retain << 5
    payload = string("c") + string("w/\u6e29") + string(b"\x00\xff")
    assert peer.greet() == connect_packet(flags, payload)
    program.end()


def test_mqtt_48_session_lost_subscriptions_are_made_again(start: Start, peer: Peer) -> None:
    program = start(
        "c = make()\nc.connect()\nc.subscribe('a/#', 1)\nc.subscribe('b')\nc.unsubscribe('b')\n"
        "tries(c.reconnect)\nc.wait_msg()"
    )
    peer.greet()
    peer.expect(packet(0x82, b"\x00\x01" + string("a/#") + b"\x01"))
    peer.send(answer(0x90, 1, b"\x01"))
    peer.expect(packet(0x82, b"\x00\x02" + string("b") + b"\x00"))
    peer.send(answer(0x90, 2, b"\x00"))
    peer.expect(packet(0xA2, b"\x00\x03" + string("b")))
    peer.send(answer(0xB0, 3))
    peer.expect(DISCONNECT)
    peer.greet()
    peer.expect(packet(0x82, b"\x00\x04" + string("a/#") + b"\x01"))
    # Retained messages come before the acknowledgement, and are kept for wait_msg().
    peer.send(publish("a/b", "m", flags=1) + answer(0x90, 4, b"\x01"))
    assert program.end() == ["returned False", "heard str:612f62 str:6d"]


def test_mqtt_48_session_kept_nothing_is_subscribed_again(start: Start, peer: Peer) -> None:
    program = start(
        "c = make()\nc.connect(False)\nc.subscribe('a')\ntries(c.reconnect)\nc.wait_msg()"
    )
    peer.greet()
    peer.take()
    peer.send(answer(0x90, 1, b"\x00"))
    peer.expect(DISCONNECT)
    peer.greet(CONNACK_PRESENT)
    peer.expect_silence()
    peer.send(publish("a", "m"))
    assert program.end() == ["returned True", "heard str:61 str:6d"]


def test_connect_anew_forgets_the_subscriptions_of_the_old_session(
    start: Start, peer: Peer
) -> None:
    program = start(
        "c = make()\nc.connect()\nc.subscribe('a')\nc.disconnect()\nc.connect()\n"
        "c.reconnect()\nprint('up')\nc.wait_msg()"
    )
    peer.greet()
    peer.take()
    peer.send(answer(0x90, 1, b"\x00"))
    peer.take()
    peer.greet()
    peer.expect(DISCONNECT)
    peer.greet()
    peer.expect_silence()
    peer.send(publish("x", ""))
    assert program.end() == ["up", "heard str:78 str:"]


@pytest.mark.parametrize(
    "call",
    [
        "publish('t', 'm')",
        "publish('t', 'm', False, 1)",
        "subscribe('t')",
        "unsubscribe('t')",
        "ping()",
        "wait_msg()",
        "check_msg()",
    ],
)
def test_mqtt_49_closed_connection_raises_at_once(start: Start, peer: Peer, call: str) -> None:
    program = start(
        f"c = make()\ntries(lambda: c.{call})\nc.connect()\nc.disconnect()\ntries(lambda: c.{call})"
    )
    peer.greet()
    assert program.end() == [f"OSError {ENOTCONN}"] * 2


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize(
    "call", ["publish('t', 'm', False, 1)", "subscribe('t')", "ping()", "wait_msg()"]
)
def test_mqtt_49_lost_connection_raises_and_reconnect_works(
    start: Start, peer: Peer, call: str, reset: bool
) -> None:
    program = start(
        f"c = make()\nc.connect()\nprint('up')\ntries(lambda: c.{call})\n"
        "tries(c.reconnect)\ntries(c.ping)"
    )
    peer.greet()
    assert program.line() == "up"
    if call != "wait_msg()":
        peer.take()
    peer.hang_up(reset=reset)
    peer.greet()
    peer.expect(PINGREQ)
    peer.send(PINGRESP)
    assert program.end() == [f"OSError {ECONNRESET}", "returned False", "returned None"]
