"""What a broker may do wrong: each ends in one of three ways, in time, and reconnect() works."""

from __future__ import annotations

import signal
import time
from contextlib import suppress

import pytest

from tests.device.conftest import Start
from tests.device.peer import PINGREQ, PINGRESP, Peer, answer, packet, publish, string
from tests.device.program import SHORT

ETIMEDOUT, ENOMEM, ECONNRESET = 110, 12, 104
AFTER = "tries(c.reconnect)\ntries(c.ping)"

MALFORMED = {
    "type 0": b"\x00\x00",
    "type 15": b"\xf0\x00",
    "CONNECT": b"\x10\x00",
    "SUBSCRIBE": b"\x82\x00",
    "UNSUBSCRIBE": b"\xa2\x00",
    "PINGREQ": b"\xc0\x00",
    "DISCONNECT": b"\xe0\x00",
    "PUBACK with flags": b"\x45\x02\x00\x01",
    "PUBREC with flags": b"\x52\x02\x00\x01",
    "PUBREL without flags": b"\x60\x02\x00\x01",
    "PUBCOMP with flags": b"\x71\x02\x00\x01",
    "SUBACK with flags": b"\x92\x03\x00\x01\x00",
    "PINGRESP with flags": b"\xd1\x00",
    "PINGRESP with a body": b"\xd0\x01\x00",
    "PUBACK too long": b"\x40\x03\x00\x01\x00",
    "PUBACK too short": b"\x40\x01\x00",
    "PUBACK id 0": answer(0x40, 0),
    "PUBREL id 0": answer(0x62, 0),
    "length of five bytes": b"\x30\x80\x80\x80\x80\x01",
    "PUBLISH QoS 3": publish("t", "m", 3, 1),
    "PUBLISH DUP at QoS 0": publish("t", "m", 0, 0, 8),
    "PUBLISH id 0": publish("t", "m", 1, 0),
    "PUBLISH empty": b"\x30\x00",
    "PUBLISH empty topic": publish("", "m"),
    "PUBLISH topic longer than packet": b"\x30\x05\x00\x09abc",
    "PUBLISH no room for its id": packet(0x32, string("abc") + b"\x00"),
    "PUBLISH topic with +": publish("a/+", "m"),
    "PUBLISH topic with #": publish("a/#", "m"),
    "PUBLISH topic with U+0000": publish("a\0b", "m"),
    "PUBLISH topic ill-formed": publish(b"\xff\xfe\xfd", "m"),
    "PUBLISH topic surrogate": publish(b"\xed\xa0\x80", "m"),
    "garbage": bytes(range(0x93, 0xB3)),
}


@pytest.mark.parametrize("name", MALFORMED)
@pytest.mark.parametrize("call", ["wait_msg()", "ping()"])
def test_malformed_packet_closes_and_raises_mqtt_exception(
    start: Start, peer: Peer, name: str, call: str
) -> None:
    program = start(f"c = make()\nc.connect()\ntries(lambda: c.{call})\n{AFTER}")
    peer.greet()
    if call == "ping()":
        peer.take()
    peer.send(MALFORMED[name])
    peer.expect_end()
    peer.greet()
    peer.expect(PINGREQ)
    peer.send(PINGRESP)
    assert program.end() == ["MQTTException None", "returned False", "returned None"]


@pytest.mark.parametrize(
    "head",
    [
        packet(0x30, b"")[:1] + b"\xff\xff\xff\x7f",
        b"\x30\x81\x80\x02",
        b"\x32\x81\x80\x02",
    ],
)
def test_oversize_is_refused_without_being_believed(start: Start, peer: Peer, head: bytes) -> None:
    program = start(f"c = make()\nc.connect()\ntries(c.wait_msg)\n{AFTER}")
    peer.greet()
    peer.send(head + b"\x00\x01t" + b"x" * 100)
    peer.expect_end()
    peer.greet()
    peer.expect(PINGREQ)
    peer.send(PINGRESP)
    assert program.end() == [f"OSError {ENOMEM}", "returned False", "returned None"]


STREAM = (
    publish("t", "short")
    + publish("\u6e29", "x" * 300, 1, 0x0102)
    + publish("t", "y" * 130, 2, 7)
    + answer(0x62, 7)
    + PINGRESP
    + answer(0x40, 99)
    + publish("t", "end")
)
HEARD = ["t 5", "\\u6e29 300", "t 130", "t 3"]
REPLIES = answer(0x40, 0x0102) + answer(0x50, 7) + answer(0x70, 7)
COUNT = (
    "c = make()\nn = 0\n"
    "def count(topic, msg):\n    global n\n    n += 1\n"
    "    print('\\\\u6e29' if topic == '\\u6e29' else topic, len(msg))\n"
    "c.set_callback(count)\nc.connect()\nwhile n < 4:\n    c.wait_msg()\n"
)


@pytest.mark.parametrize("at", range(1, len(STREAM), 11))
def test_4_2_any_split_gives_the_same_messages(start: Start, peer: Peer, at: int) -> None:
    program = start(COUNT)
    peer.greet()
    peer.send(STREAM[:at])
    time.sleep(0.01)  # so that the two parts are two segments; nothing waits for it
    peer.send(STREAM[at:])
    peer.expect(REPLIES)
    assert program.end() == HEARD


def test_4_2_one_byte_at_a_time_gives_the_same_messages(start: Start, peer: Peer) -> None:
    program = start(COUNT)
    peer.greet()
    for i in range(len(STREAM)):
        peer.send(STREAM[i : i + 1])
    peer.expect(REPLIES)
    assert program.end() == HEARD


@pytest.mark.parametrize("cut", range(1, 12))
@pytest.mark.parametrize("end", ["FIN", "RST", "silence"])
def test_end_inside_a_packet_raises_and_nothing_is_heard(
    start: Start, peer: Peer, cut: int, end: str
) -> None:
    program = start(SHORT + f"c = make()\nc.connect()\ntries(c.wait_msg)\n{AFTER}")
    peer.greet()
    peer.send(publish("topic", "message", 1, 1)[:cut])
    if end == "silence":
        peer.expect_end()
    else:
        if end == "RST":
            time.sleep(0.02)  # an RST may overtake the bytes, which is another case
        peer.hang_up(reset=end == "RST")
    peer.greet()
    peer.expect(PINGREQ)
    peer.send(PINGRESP)
    error = f"OSError {ETIMEDOUT if end == 'silence' else ECONNRESET}"
    assert program.end() == [error, "returned False", "returned None"]


@pytest.mark.parametrize(
    ("dripped", "every_s"), [(publish("topic", "x" * 40), 0.1), (b"\x30\x80\x80\x80\x80", 0.3)]
)
def test_packet_that_drips_must_be_complete_in_time(
    start: Start, peer: Peer, dripped: bytes, every_s: float
) -> None:
    program = start(SHORT + "c = make()\nc.connect()\ntries(c.wait_msg)")
    peer.greet()
    with suppress(OSError):  # the client hangs up, which is what this is about
        for byte in dripped:
            peer.send(bytes((byte,)))
            time.sleep(every_s)
    assert program.end() == [f"OSError {ETIMEDOUT}"]


@pytest.mark.parametrize("source", ["c.wait_msg()", "c.ping()", "c.publish('t', 'm', qos=1)"])
def test_ctrl_c_ends_a_wait_and_reconnect_works(start: Start, peer: Peer, source: str) -> None:
    program = start(
        "c = make()\nc.connect()\nprint('up')\n"
        f"try:\n    {source}\nexcept KeyboardInterrupt:\n    print('interrupted')\n{AFTER}"
    )
    peer.greet()
    assert program.line() == "up"
    if "wait" in source:
        time.sleep(0.1)  # until it waits: there is nothing else to see it by
    else:
        peer.take()
    program.process.send_signal(signal.SIGINT)
    assert program.line() == "interrupted"
    # It goes on with DISCONNECT where it waited; caught on the way to its wait it has closed.
    assert peer.take() in (b"\xe0\x00", b"")
    peer.greet()
    peer.expect(PINGREQ)
    peer.send(PINGRESP)
    assert program.end() == ["returned False", "returned None"]


def test_partly_filled_heap_refuses_a_large_message_cleanly(start: Start, peer: Peer) -> None:
    program = start(
        "c = make()\nc.connect()\n"
        "try:\n    import gc\n    hog = []\n"
        "    while gc.mem_free() > 30000:\n        hog.append(bytearray(5000))\n"
        # On CPython the limit stands in for the heap.
        "except AttributeError:\n    c.max_packet_bytes = 20000\n"
        f"tries(c.wait_msg)\nhog = None\n{AFTER}"
    )
    peer.greet()
    peer.send(publish("t", "x" * 32000))
    peer.expect_end()
    peer.greet()
    peer.expect(PINGREQ)
    peer.send(PINGRESP)
    assert program.end() == [f"OSError {ENOMEM}", "returned False", "returned None"]


def test_one_write_for_each_packet(start: Start, peer: Peer) -> None:
    program = start(
        "class Counting:\n"
        "    def __init__(self, io):\n        self.io = io\n        self.writes = 0\n"
        "    def write(self, data):\n        self.writes += 1\n        return self.io.write(data)\n"
        "    def readinto(self, data):\n        return self.io.readinto(data)\n"
        "    def close(self):\n        self.io.close()\n"
        "c = make()\nc.connect()\nc._io = Counting(c._io)\n"
        "c.publish('t', 'm' * 500)\nc.publish('t', 'm', True, 1)\nc.subscribe('t')\nc.ping()\n"
        "print(c._io.writes)"
    )
    peer.greet()
    peer.take()
    peer.take()
    peer.send(answer(0x40, 1))
    peer.take()
    peer.send(answer(0x90, 2, b"\x00"))
    peer.take()
    peer.send(PINGRESP)
    assert program.end() == ["4"]
