"""The board's client against a scripted broker, on MicroPython and on CPython.

A few rows of each kind, to prove the broker against the client that it is made for; what the client
has to do is for the conformance suite.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness import shipped
from harness.broker.scripted import ScriptedBroker
from harness.broker.scripted_step import Ack, Close, End, Expect, Hold, Pause, Send, Step
from harness.deadline import Deadline
from harness.wire.mqtt_packet import ConnAck, Connect, PingResp, PubAck, Publish, Subscribe
from tests.device.program import micropython_command

RUN_S = 20.0
CPYTHON = Path(__file__).parents[2] / "device" / "cpython"

PRELUDE = """
import sys
sys.path[:0] = [{device_src!r}, {cpython!r}]
import micropython
from mqtt import MQTTClient, MQTTException

MQTTClient.timeout_s = {timeout_s}
c = MQTTClient("c", "127.0.0.1", {port})
c.set_callback(lambda topic, msg: print("heard", topic, msg))


def tries(call, *arguments):
    try:
        print("returned", call(*arguments))
    except MQTTException as e:
        print("MQTTException", e.code)
    except OSError as e:
        print("OSError", e.args[0])


"""


def soon() -> Deadline:
    return Deadline.after(5.0)


@pytest.fixture(params=["micropython", "cpython"])
def interpreter(request: pytest.FixtureRequest) -> list[str]:
    if request.param == "cpython":
        return [sys.executable, "-S"]
    return [micropython_command()]


def run(
    interpreter: list[str], broker: ScriptedBroker, source: str, *, timeout_s: float = 5.0
) -> list[str]:
    """Run a program to its end, and return the lines that it prints."""
    is_cpython = Path(interpreter[0]) == Path(sys.executable)
    prelude = PRELUDE.format(
        device_src=str(shipped.device_src()),
        cpython=str(CPYTHON) if is_cpython else "",
        timeout_s=timeout_s,
        port=broker.address.port,
    )
    done = subprocess.run(
        [*interpreter, "-c", prelude + source],
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_device_client_goes_through_all_of_it_without_a_violation(interpreter: list[str]) -> None:
    with ScriptedBroker() as broker:
        lines = run(
            interpreter,
            broker,
            "tries(c.connect)\ntries(c.subscribe, 't/#', 2)\n"
            "for qos in (0, 1, 2):\n"
            "    tries(c.publish, 't/x', str(qos), False, qos)\n    c.wait_msg()\n"
            "tries(c.ping)\ntries(c.unsubscribe, 't/#')\ntries(c.disconnect)\n",
        )
        assert lines == [
            "returned False",
            "returned 2",
            *(line for qos in range(3) for line in ("returned None", f"heard t/x {qos}")),
            *["returned None"] * 3,
        ]
        assert broker.violations() == ()
        assert broker.received(0).startswith(Connect("c").encode())
        assert broker.wait_end(soon()).how is End.FIN


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        pytest.param([Send(ConnAck(code=5))], "MQTTException 5", id="refused"),
        pytest.param([Send(b"\x20\x02\x02\x00")], "MQTTException None", id="reserved flag"),
        pytest.param([Send(PingResp())], "MQTTException None", id="another packet"),
        pytest.param([Send(b"\x20\x02\x00"), Close()], "OSError", id="FIN inside the packet"),
        pytest.param([Close(End.RST)], "OSError 104", id="reset"),
        pytest.param([Close(End.SILENCE)], "OSError 110", id="silence"),
        pytest.param([Ack(split="each")], "returned False", id="byte by byte"),
        pytest.param([Pause(0.1), Ack()], "returned False", id="late"),
    ],
)
def test_device_client_meets_every_kind_of_answer(
    interpreter: list[str], steps: list[Step], outcome: str
) -> None:
    with ScriptedBroker([Expect("CONNECT"), *steps]) as broker:
        lines = run(interpreter, broker, "tries(c.connect)\ntries(c.reconnect)\n", timeout_s=1.0)
        assert len(lines) == 2
        assert lines[0].startswith(outcome)
        assert lines[1] == "returned False"
        assert broker.connection_count == 2
        assert broker.violations() == ()
        # Whatever it was told, it leaves no connection behind.
        broker.wait_end(soon(), connection=0)


def test_device_client_resends_after_a_lost_acknowledgement(interpreter: list[str]) -> None:
    script = [Expect("CONNECT"), Ack(), Expect("PUBLISH", qos=1), Close(End.RST)]
    with ScriptedBroker(script) as broker:
        lines = run(
            interpreter,
            broker,
            "c.connect(False)\ntries(c.publish, 't', 'm', False, 1)\n"
            "tries(c.reconnect)\nc.ping()\n",
        )
        assert lines == ["OSError 104", "returned True"]
        again = broker.wait_packet(Expect("PUBLISH", dup=True), soon())
        assert again.packet == Publish("t", b"m", 1, dup=True, packet_id=1)
        assert broker.violations() == ()


def test_broken_client_is_found_out(interpreter: list[str]) -> None:
    """A client made wrong on purpose: the broker names what it breaks."""
    with ScriptedBroker([Hold("PUBACK")]) as broker:
        run(
            interpreter,
            broker,
            "c.connect()\n"
            "for packet in (b'\\x32\\x06\\x00\\x01t\\x00\\x05a',\n"
            "               b'\\x32\\x06\\x00\\x01t\\x00\\x05b',\n"
            "               b'\\x40\\x02\\x00\\x09', b'\\x80\\x06\\x00\\x01\\x00\\x01t\\x00'):\n"
            "    c._send(packet)\n"
            "tries(c.wait_msg)\n",
        )
        assert [each.statement for each in broker.violations(0)] == [
            "MQTT-2.3.1-2",
            "MQTT-2.3.1-6",
            "MQTT-3.8.1-1",
        ]


def test_wrong_suback_is_not_taken_for_an_answer(interpreter: list[str]) -> None:
    script = [Expect("SUBSCRIBE"), Send(PubAck(1)), Ack(codes=(0x80,))]
    with ScriptedBroker(script) as broker:
        lines = run(interpreter, broker, "c.connect()\ntries(c.subscribe, 't', 1)\n")
        assert lines == ["MQTTException 128"]
        assert broker.packets("SUBSCRIBE")[0].packet == Subscribe(1, (("t", 1),))
