"""Subscriptions, callbacks, the queue and keepalive, against a scripted broker."""

from __future__ import annotations

import time

import pytest

from tests.device.conftest import Start
from tests.device.peer import (
    CONNACK_PRESENT,
    PINGREQ,
    PINGRESP,
    Peer,
    answer,
    packet,
    publish,
    string,
)

ETIMEDOUT, ENOMEM = 110, 12
PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK = 0x40, 0x50, 0x62, 0x70, 0x90
CONNECTED = "c = make()\nc.connect(False)\n"


@pytest.mark.parametrize(
    "topic", ["t", "#", "+", "a/#", "/a/+/#", "+/+", "/", "//", "\u6e29/#", "t" * 200, "t" * 65535]
)
@pytest.mark.parametrize(("qos", "granted"), [(0, 0), (1, 1), (2, 1)])
def test_mqtt_32_33_subscribe_returns_the_granted_qos(
    start: Start, peer: Peer, topic: str, qos: int, granted: int
) -> None:
    source = f"{topic[:1]!r} * {len(topic)}" if len(topic) > 100 else ascii(topic)
    program = start(f"{CONNECTED}tries(c.subscribe, {source}, {qos})")
    peer.greet()
    peer.expect(packet(0x82, b"\x00\x01" + string(topic) + bytes((qos,))))
    peer.send(answer(SUBACK, 9, b"\x02") + answer(SUBACK, 1, bytes((granted,))))
    assert program.end() == [f"returned {granted}"]


@pytest.mark.parametrize(
    ("topic", "error"),
    [
        ("''", "ValueError"),
        ("'a#'", "ValueError"),
        ("'#/a'", "ValueError"),
        ("'a/#/b'", "ValueError"),
        ("'##'", "ValueError"),
        ("'#/#'", "ValueError"),
        ("'a+'", "ValueError"),
        ("'+a/b'", "ValueError"),
        ("'a/++'", "ValueError"),
        ("'a\\0'", "ValueError"),
        ("b'\\xff'", "ValueError"),
        ("'t' * 65536", "ValueError"),
        ("3", "TypeError"),
        ("'t', 3", "ValueError"),
    ],
)
def test_bad_topic_filter_raises_before_a_byte_is_sent(
    start: Start, peer: Peer, topic: str, error: str
) -> None:
    calls = f"tries(c.subscribe, {topic})\n"
    if "," not in topic:
        calls += f"tries(c.unsubscribe, {topic})\n"
    program = start(f"{CONNECTED}{calls}c.ping()")
    peer.greet()
    peer.expect(PINGREQ)
    peer.send(PINGRESP)
    assert set(program.end()) == {error}


def test_mqtt_32_refused_subscription_raises_128_and_the_connection_stays(
    start: Start, peer: Peer
) -> None:
    program = start(f"{CONNECTED}tries(c.subscribe, 't')\ntries(c.ping)")
    peer.greet()
    peer.take()
    peer.send(answer(SUBACK, 1, b"\x80"))
    peer.expect(PINGREQ)
    peer.send(PINGRESP)
    assert program.end() == ["MQTTException 128", "returned None"]


@pytest.mark.parametrize(
    "reply",
    [
        answer(SUBACK, 1, b"\x03"),
        answer(SUBACK, 1, b"\x81"),
        answer(SUBACK, 1, b"\x00\x00"),
        answer(SUBACK, 1),
        answer(SUBACK, 0, b"\x00"),
    ],
)
def test_bad_suback_is_a_protocol_error(start: Start, peer: Peer, reply: bytes) -> None:
    program = start(f"{CONNECTED}tries(c.subscribe, 't')\ntries(c.reconnect)")
    peer.greet()
    peer.take()
    peer.send(reply)
    peer.expect_end()
    peer.greet()
    assert program.end() == ["MQTTException None", "returned False"]


def test_mqtt_37_subscribe_without_callback_raises_and_says_so(start: Start, peer: Peer) -> None:
    program = start(
        "c = MQTTClient('c', '127.0.0.1', PORT)\nc.connect()\n"
        "try:\n    c.subscribe('t')\n"
        "except MQTTException as e:\n    print(e.code, 'set_callback' in str(e))"
    )
    peer.greet()
    assert program.end() == ["None True"]


def test_message_without_callback_is_kept_until_there_is_one(start: Start, peer: Peer) -> None:
    program = start(
        "c = MQTTClient('c', '127.0.0.1', PORT)\nc.connect(False)\ntries(c.wait_msg)\n"
        "c.set_callback(heard)\nc.wait_msg()"
    )
    peer.greet(CONNACK_PRESENT)
    peer.send(publish("t", "m", 1, 5))
    peer.expect(answer(PUBACK, 5))
    assert program.end() == ["MQTTException None", "heard str:74 str:6d"]


@pytest.mark.parametrize(
    ("sent", "form"),
    [
        (b"38", "str:3338"),
        (b"", "str:"),
        ("\u4e09\U0001f600".encode(), "str:e4b889f09f9880"),
        (b"\xff\xfe", "bytes:fffe"),
        (b"\xed\xa0\x80", "bytes:eda080"),
        (b"\xc0\x80", "bytes:c080"),
        (b"\xf4\x90\x80\x80", "bytes:f4908080"),
        (b"\xe4\xb8", "bytes:e4b8"),
        (b"a\x00b", "str:610062"),
        (b"\xef\xbb\xbfx", "str:efbbbf78"),
    ],
)
def test_mqtt_36_message_is_str_when_it_is_utf8_and_else_bytes(
    start: Start, peer: Peer, sent: bytes, form: str
) -> None:
    program = start(f"{CONNECTED}c.wait_msg()")
    peer.greet()
    peer.send(publish("\ufefft", sent))
    assert program.end() == [f"heard str:efbbbf74 {form}"]


def test_mqtt_34_35_40_each_message_once_in_order_by_one_check_msg(
    start: Start, peer: Peer
) -> None:
    program = start(
        f"{CONNECTED}c.check_msg()\nprint('nothing')\nc.ping()\nc.check_msg()\nprint('end')"
    )
    peer.greet()
    peer.take()
    peer.send(b"".join(publish("t", str(n), 1, n) for n in range(1, 16)) + PINGRESP)
    peer.expect(b"".join(answer(PUBACK, n) for n in range(1, 16)))
    heard = [f"heard str:74 str:{str(n).encode().hex()}" for n in range(1, 16)]
    assert program.end() == ["nothing", *heard, "end"]


def test_mqtt_39_wait_msg_waits_and_then_handles_all_that_is_pending(
    start: Start, peer: Peer
) -> None:
    program = start(f"{CONNECTED}print('waiting')\nc.wait_msg()\nprint('end')")
    peer.greet()
    assert program.line() == "waiting"
    peer.send(PINGRESP + answer(PUBACK, 9))  # no message: it goes on waiting
    peer.expect_silence()
    peer.send(publish("t", "1") + publish("t", "2") + publish("t", "3"))
    assert program.end() == [
        "heard str:74 str:31",
        "heard str:74 str:32",
        "heard str:74 str:33",
        "end",
    ]


@pytest.mark.parametrize("size", [100, 240, 255, 256, 257, 1000, 20000, 32000])
def test_message_of_any_size_arrives_whole(start: Start, peer: Peer, size: int) -> None:
    program = start(
        "seen = []\n"
        "def hear(topic, msg):\n    seen.append(0)\n"
        "    print(topic, len(msg), msg == 'x' * len(msg))\n"
        "c = make()\nc.set_callback(hear)\nc.connect()\nwhile len(seen) < 3:\n    c.wait_msg()"
    )
    peer.greet()
    for _ in range(2):
        peer.send(publish("t", "x" * size))
    peer.send(publish("u", "x"))
    lines = program.end()
    assert lines == [f"t {size} True"] * 2 + ["u 1 True"]


@pytest.mark.parametrize(
    "call", ["publish('t', 'm', False, 1)", "subscribe('t')", "unsubscribe('t')", "ping()"]
)
def test_mqtt_50_message_before_an_acknowledgement_is_kept_for_check_msg(
    start: Start, peer: Peer, call: str
) -> None:
    replies = {"p": answer(PUBACK, 1), "s": answer(SUBACK, 1, b"\x00"), "u": answer(0xB0, 1)}
    reply = PINGRESP if call == "ping()" else replies[call[0]]
    program = start(f"{CONNECTED}c.{call}\nprint('returned')\nc.wait_msg()\nprint('end')")
    peer.greet()
    peer.take()
    peer.send(publish("t", "m", 1, 3) + publish("t", "n") + reply)
    peer.expect(answer(PUBACK, 3))
    assert program.end() == ["returned", "heard str:74 str:6d", "heard str:74 str:6e", "end"]


def test_mqtt_50_queue_drops_and_counts_qos_0_beyond_20_messages(start: Start, peer: Peer) -> None:
    program = start(f"{CONNECTED}c.ping()\nprint(c.dropped)\nc.check_msg()")
    peer.greet()
    peer.take()
    peer.send(b"".join(publish("t", str(n)) for n in range(25)) + PINGRESP)
    lines = program.end()
    assert lines[0] == "5"
    assert lines[1:] == [f"heard str:74 str:{str(n).encode().hex()}" for n in range(20)]


def test_mqtt_50_queue_drops_and_counts_qos_0_beyond_8_kib(start: Start, peer: Peer) -> None:
    program = start(
        "c = make()\nc.set_callback(lambda t, m: print(t, len(m)))\nc.connect()\n"
        "c.ping()\nprint(c.dropped)\nc.check_msg()"
    )
    peer.greet()
    peer.take()
    peer.send(publish("a", "x" * 8000) + publish("b", "x" * 1000) + publish("c", "x" * 190))
    peer.send(PINGRESP)
    assert program.end() == ["1", "a 8000", "c 190"]


@pytest.mark.parametrize("qos", [1, 2])
def test_mqtt_50_full_queue_closes_at_qos_1_and_2_so_that_it_comes_again(
    start: Start, peer: Peer, qos: int
) -> None:
    program = start(f"{CONNECTED}tries(c.ping)\ntries(c.reconnect)\nc.wait_msg()")
    peer.greet()
    peer.take()
    first = b"".join(publish("t", str(n), qos, n) for n in range(1, 22))
    peer.send(first)
    peer.expect_end()
    peer.greet(CONNACK_PRESENT)
    peer.send(publish("t", "1", qos, 1, 8))
    peer.expect(answer(PUBACK if qos == 1 else PUBREC, 1))
    assert program.end() == [f"OSError {ENOMEM}", "returned True", "heard str:74 str:31"]


def test_session_lost_queued_messages_are_handed_over_without_acknowledgement(
    start: Start, peer: Peer
) -> None:
    program = start(f"{CONNECTED}tries(c.ping)\nc.reconnect()\nc.wait_msg()\nc.ping()")
    peer.greet()
    peer.take()
    peer.send(publish("t", "m", 1, 5))
    peer.hang_up()
    peer.greet()
    peer.expect(PINGREQ)
    peer.send(PINGRESP)
    assert program.end()[1:] == ["heard str:74 str:6d"]


def test_mqtt_38_acknowledged_after_the_callback_has_returned(start: Start, peer: Peer) -> None:
    program = start(
        "def busy(topic, msg):\n    c.publish('inside', '')\n"
        "c = make()\nc.connect()\nc.set_callback(busy)\nc.wait_msg()\n"
    )
    peer.greet()
    peer.send(publish("t", "m", 1, 0x1234))
    peer.expect(publish("inside", "") + answer(PUBACK, 0x1234))
    program.end()


@pytest.mark.parametrize(("qos", "kind"), [(1, PUBACK), (2, PUBREC)])
def test_mqtt_38_callback_that_raises_is_acknowledged_on_the_next_entry(
    start: Start, peer: Peer, qos: int, kind: int
) -> None:
    program = start(
        "def bad(topic, msg):\n    print('called')\n    raise KeyError\n"
        f"{CONNECTED}c.set_callback(bad)\ntries(c.wait_msg)\nc.ping()\n"
        "c.set_callback(heard)\nc.check_msg()\nc.ping()"
    )
    peer.greet()
    peer.send(publish("t", "m", qos, 5))
    peer.expect(PINGREQ)  # not acknowledged so far
    peer.send(PINGRESP)
    peer.expect(answer(kind, 5) + PINGREQ)
    peer.send(PINGRESP)
    assert program.end() == ["called", "KeyError"]


def test_mqtt_50_callback_may_publish_with_an_acknowledgement(start: Start, peer: Peer) -> None:
    program = start(
        "def echo(topic, msg):\n    print('in', msg)\n"
        "    c.publish('e', msg, qos=1)\n    print('out', msg)\n"
        "c = make()\nc.connect()\nc.set_callback(echo)\nc.wait_msg()\n"
    )
    peer.greet()
    peer.send(publish("t", "1", 1, 10))
    peer.expect(publish("e", "1", 1, 1))
    peer.send(publish("t", "2", 1, 11) + answer(PUBACK, 1))
    peer.expect(answer(PUBACK, 10) + publish("e", "2", 1, 2))
    peer.send(answer(PUBACK, 2))
    peer.expect(answer(PUBACK, 11))
    assert program.end() == ["in 1", "out 1", "in 2", "out 2"]


@pytest.mark.parametrize("call", ["disconnect()", "reconnect()"])
def test_callback_may_close_or_replace_the_connection(start: Start, peer: Peer, call: str) -> None:
    program = start(
        f"c = make()\nc.connect()\nc.set_callback(lambda t, m: c.{call})\ntries(c.wait_msg)"
    )
    peer.greet()
    peer.send(publish("t", "m", 1, 5))
    peer.expect(b"\xe0\x00")
    peer.expect_end()
    if call == "reconnect()":
        peer.greet()
        peer.expect_end()
    assert program.end() == ["returned None"]


def test_mqtt_30_incoming_qos_2_is_delivered_once(start: Start, peer: Peer) -> None:
    program = start(
        f"{CONNECTED}c.wait_msg()\nc.ping()\nc.reconnect()\nc.ping()\nc.wait_msg()\nc.ping()"
    )
    peer.greet()
    message = publish("t", "m", 2, 5)
    again = publish("t", "m", 2, 5, 8)
    peer.send(message)
    peer.expect(answer(PUBREC, 5) + PINGREQ)
    peer.send(again)
    peer.expect(answer(PUBREC, 5))
    peer.send(PINGRESP)
    peer.expect(b"\xe0\x00")
    peer.greet(CONNACK_PRESENT)  # also over a reconnect with a kept session
    peer.expect(PINGREQ)
    peer.send(again)
    peer.expect(answer(PUBREC, 5))
    peer.send(PINGRESP + answer(PUBREL, 5))
    peer.expect(answer(PUBCOMP, 5))
    peer.send(answer(PUBREL, 5))  # unknown by now, and answered all the same
    peer.expect(answer(PUBCOMP, 5))
    peer.send(publish("t", "n", 2, 5))  # the same id, a new message
    peer.expect(answer(PUBREC, 5) + PINGREQ)
    peer.send(PINGRESP)
    assert program.end() == ["heard str:74 str:6d", "heard str:74 str:6e"]


def test_mqtt_10_keepalive_is_serviced_while_wait_msg_waits(start: Start, peer: Peer) -> None:
    program = start("c = make('c', '127.0.0.1', PORT, keepalive=1)\nc.connect()\nc.wait_msg()")
    peer.greet()
    last = time.monotonic()
    for _ in range(3):
        peer.expect(PINGREQ)
        now = time.monotonic()
        assert now - last < 1
        last = now
        peer.send(PINGRESP)
    peer.send(publish("t", "m"))
    assert program.end() == ["heard str:74 str:6d"]


def test_mqtt_10_silent_broker_is_noticed_after_one_and_a_half_keepalives(
    start: Start, peer: Peer
) -> None:
    program = start(
        "c = make('c', '127.0.0.1', PORT, keepalive=2)\nc.connect()\nprint('up')\n"
        "tries(c.wait_msg)\ntries(c.reconnect)"
    )
    peer.greet()
    assert program.line() == "up"
    began = time.monotonic()
    assert program.line() == f"OSError {ETIMEDOUT}"
    assert 2.7 < time.monotonic() - began < 4.5
    peer.greet()
    assert program.end() == ["returned False"]


def test_mqtt_10_program_that_was_busy_asks_before_it_gives_the_broker_up(
    start: Start, peer: Peer
) -> None:
    program = start(
        "import time\nc = make('c', '127.0.0.1', PORT, keepalive=1)\nc.connect()\ntime.sleep(2)\n"
        "c.check_msg()\nprint('asked')\nc.wait_msg()"
    )
    peer.greet()
    peer.expect(PINGREQ)
    assert program.line() == "asked"
    peer.send(PINGRESP + publish("t", "m"))
    assert program.end() == ["heard str:74 str:6d"]


def test_mqtt_10_no_keepalive_no_ping(start: Start, peer: Peer) -> None:
    program = start(f"{CONNECTED}c.wait_msg()")
    peer.greet()
    peer.expect_silence(1.0)
    peer.send(publish("t", "m"))
    program.end()
