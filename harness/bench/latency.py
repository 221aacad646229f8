"""From publish to effect: how long a message takes to the panel of a virtual board."""

from __future__ import annotations

import os
import statistics
import time

from harness import shipped
from harness.bench.row import Row, at_most
from harness.board.manifest import load_manifest
from harness.board.profile import CODEY
from harness.broker.client import MqttClient
from harness.broker.mosquitto import Mosquitto
from harness.broker.program import find_mosquitto
from harness.deadline import Deadline
from harness.errors import BrokerError
from harness.lab.opened import open_board
from harness.link.rig import Bench
from harness.link.spec import parse_specs
from harness.scenario.device_client import JOIN_WIFI
from harness.scenario.dut import BoardUnderTest
from harness.scenario.evidence import NoEvidence
from harness.scenario.network import redirection

MESSAGES = 100
ANSWER_S = 10.0

LISTEN = JOIN_WIFI + (
    "from mqtt import MQTTClient\n"
    "c = MQTTClient('', 'broker.lab', user='test', password='test')\n"
    "c.set_callback(lambda topic, msg: codey.display.show(int(msg)))\n"
    "c.connect()\n"
    "c.subscribe('show')\n"
    "print('ready')\n"
    "while True:\n"
    "    c.wait_msg()\n"
)


def latency_rows() -> list[Row]:
    """Measure it at QoS 0, from the call of publish to the last bit on the panel's bus.

    Both moments are on the host's monotonic clock. The bench's is when the model's report reached
    the supervisor, which is later than the last bit by at most one exchange with the supervisor;
    that exchange is measured and given as the uncertainty.
    """
    with Mosquitto(find_mosquitto(os.environ.get("HIL_MOSQUITTO"))) as broker:
        broker.start(Deadline.after(ANSWER_S))
        opened = open_board(parse_specs("virtual")[0], CODEY)
        try:
            opened.deploy(load_manifest(shipped.device_src()))
            dut = BoardUnderTest(
                opened.board, NoEvidence(), lambda board: redirection(board, broker, None)
            )
            bench = opened.board.rig.bench
            if bench is None:
                raise BrokerError("a virtual board came without its bench")
            program = dut.start(LISTEN)
            program.expect_text("ready", ANSWER_S)
            with MqttClient(broker.address, broker.credentials) as client:
                client.connect(Deadline.after(ANSWER_S))
                times = [_once(client, bench, number) for number in range(MESSAGES)]
            uncertainty = statistics.median(_exchange(bench) for _ in range(MESSAGES))
            dut.stop()
        finally:
            opened.close()
    return [
        at_most("publish to panel, QoS 0, median", statistics.median(times) * 1000, "ms", 20),
        Row("publish to panel, 95 of 100", sorted(times)[int(MESSAGES * 0.95)] * 1000, "ms"),
        Row("its uncertainty: one exchange with the bench", uncertainty * 1000, "ms"),
    ]


def _once(client: MqttClient, bench: Bench, number: int) -> float:
    bench.take()
    deadline = Deadline.after(ANSWER_S)
    delivery = client.publish("show", str(number), deadline)
    seen = 0
    while True:
        seen = bench.wait_event(seen, deadline)
        for event in bench.events():
            if event.what == "panel":
                return event.at_s - delivery.at_s
        if deadline.is_expired:
            raise BrokerError(
                "a message did not reach the panel", on="publish to panel", expected="an effect"
            )


def _exchange(bench: Bench) -> float:
    started_s = time.monotonic()
    bench.state(Deadline.after(ANSWER_S))
    return time.monotonic() - started_s
