"""Numbered messages over the wrap of the ids, and over the end of the broker: MQTT-29, 30, 48."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.broker.client import MqttClient
from harness.broker.mosquitto import Mosquitto
from harness.deadline import Deadline
from harness.errors import BrokerError
from harness.scenario.broker_fact import BrokerFacts
from harness.scenario.device_client import DeviceClient
from harness.scenario.dut import BoardUnderTest
from harness.scenario.ledger import Ledger
from harness.scenario.messenger import Messenger
from harness.scenario.running import RunningProgram

MakeLedger = Callable[[str, str], Ledger]

IDS = 65535
ANSWER_S = 5.0
LIMIT_S = 20.0
#: Of the messages between one event of a test and the next, at each QoS.
SOME = 15


@pytest.mark.requirement("MQTT-29", "MQTT-30", "MQTT-2.3.1-1", "MQTT-2.3.1-2")
@pytest.mark.parametrize("qos", [1, 2])
def test_messages_over_the_wrap_of_the_ids_arrive_each_once(
    facts: BrokerFacts,
    client: DeviceClient,
    mqtt: Messenger,
    topic: str,
    ledger: MakeLedger,
    qos: int,
) -> None:
    # All 65,540 in a row are published by `hil bench client --long`.
    first, count = IDS - 20, 40
    inbox = mqtt.subscribe(f"{topic}/#")
    account = ledger("board to host", topic)
    client.run(f"c._id = {first}")
    text = client.run(
        f"for number in range({count}):\n"
        f"    t = '{topic}/{qos}/%d' % number\n"
        f"    print('sent', t)\n    c.publish(t, 'x', False, {qos})\n    print('acknowledged', t)",
        within_s=30.0,
    )
    inbox.expect(account.topic_of(qos, count - 1))
    account.read_text(text)
    account.read_deliveries(inbox.all)
    counted = account.expect(qos, doubled=0, open=0)
    assert counted.acknowledged == count
    ids = [each.packet_id for each in facts.packets(client.client_id, "PUBLISH")]
    assert ids == [(first + number) % IDS + 1 for number in range(count)]


class Sender:
    """A client of the host that sends numbered messages, and goes on when the broker comes back.

    A message whose publish failed is not sent again: nobody knows whether it has arrived.
    """

    def __init__(self, broker: Mosquitto, ledger: Ledger, topic: str) -> None:
        """Begin at once."""
        self._client = MqttClient(broker.address, broker.credentials, client_id="sender")
        self._ledger = ledger
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._send, args=(topic,), daemon=True)
        self._client.connect(Deadline.after(ANSWER_S))
        self._thread.start()

    def finish(self) -> None:
        """End, after the message that is under way."""
        self._is_over.set()
        self._thread.join()
        self._client.disconnect()

    def tell(self, topic: str) -> None:
        """Send one more message, when it has ended and the broker is there."""
        with self._client as client:
            client.disconnect()
            client.connect(Deadline.after(ANSWER_S))
            client.publish(topic, "", Deadline.after(ANSWER_S), qos=2)

    def _send(self, topic: str) -> None:
        number = 0
        # Not as fast as it can: the board's serial line tells of each message.
        while not self._is_over.wait(0.01):
            for qos in (1, 2):
                name = f"{topic}/{qos}/{number}"
                try:
                    self._client.check_open()
                    self._ledger.sent(name)
                    self._client.publish(name, "x", Deadline.after(ANSWER_S), qos=qos)
                    self._ledger.acknowledged(name)
                except BrokerError:
                    self._connect()
            number += 1

    def _connect(self) -> None:
        while not self._is_over.wait(0.02):
            try:
                self._client.connect(Deadline.after(ANSWER_S))
            except BrokerError:
                continue
            return


class Load:
    """A board and a host that send the board numbered messages, at QoS 1 and 2, without a pause."""

    def __init__(
        self,
        board: BoardUnderTest,
        broker: Mosquitto,
        program: Path,
        ledger: MakeLedger,
    ) -> None:
        """Begin."""
        self.broker = broker
        self.own = ledger("board to itself", "numbered/board")
        self.host = ledger("host to board", "numbered/host")
        self.program: RunningProgram = board.start(program)
        self.program.expect_text("acknowledged", LIMIT_S)
        self._sender = Sender(broker, self.host, "numbered/host")

    def wait(self, count: int = SOME) -> None:
        """Wait until so many more messages have come at QoS 2, the board's and the host's."""
        for flow in ("board", "host"):
            line = f"delivered numbered/{flow}/2/"
            self.program.expect_text(line, LIMIT_S, count=self.program.text.count(line) + count)

    def lose_broker(self, end: Callable[[], None], sessions: int) -> None:
        """End the broker while a message waits for its answer, start it, wait for the board."""
        self.broker.freeze()
        under_way = lambda: self.program.text.splitlines()[-1].startswith("sent ")  # noqa: E731
        assert self.program.wait_until(under_way, Deadline.after(LIMIT_S))
        end()
        self.broker.start(Deadline.after(ANSWER_S * 2))
        self.program.expect_text("session ", LIMIT_S, count=sessions)

    def finish(self) -> str:
        """Let all that is under way arrive; return what the board has printed."""
        self._sender.finish()
        self._sender.tell("numbered/stop")
        self.program.expect_text("over\n", LIMIT_S)
        assert self.program.dropped_bytes == 0
        self.broker.sync_log(Deadline.after(ANSWER_S))
        text = self.program.text
        for ledger in (self.own, self.host):
            ledger.read_text(text)
            ledger.read_repeats(self.broker.packets())
        return text

    def close(self) -> None:
        """End the sender."""
        self._sender.finish()


@pytest.fixture
def start_load(
    board: BoardUnderTest, ledger: MakeLedger, programs: Path
) -> Iterator[Callable[[Mosquitto], Load]]:
    """Begin a load on a broker of the test's own."""
    begun: list[Load] = []

    def start(broker: Mosquitto) -> Load:
        begun.append(Load(board, broker, programs / "numbered.py", ledger))
        return begun[-1]

    yield start
    for load in begun:
        load.close()


@pytest.mark.needs("broker:restart")
@pytest.mark.requirement("MQTT-15", "MQTT-35", "MQTT-48", "MQTT-4.3.3-2", "MQTT-4.4.0-1")
def test_broker_stopped_and_started_under_load_loses_and_doubles_nothing(
    own_broker: Callable[..., Mosquitto],
    start_load: Callable[[Mosquitto], Load],
    tmp_path: Path,
) -> None:
    broker = own_broker(store=tmp_path)
    load = start_load(broker)
    for sessions in (1, 2):
        load.wait()
        load.lose_broker(broker.stop, sessions)
    load.wait()
    text = load.finish()
    assert text.count("session True") == text.count("session ") == 2
    for qos in (1, 2):
        # What the board's publish has raised for goes on with the session; the host gives it up.
        load.own.expect(qos)
        load.host.expect(qos, undelivered=None)


@pytest.mark.needs("broker:restart")
@pytest.mark.requirement("MQTT-15", "MQTT-48")
def test_broker_killed_under_load_loses_at_most_its_last_turn(
    own_broker: Callable[..., Mosquitto],
    start_load: Callable[[Mosquitto], Load],
    tmp_path: Path,
) -> None:
    # Mosquitto answers what comes, and then saves what it has become. Killed between, it has
    # forgotten one packet of each connection, which may have been the end of an exchange.
    broker = own_broker(store=tmp_path, saves_at_once=True)
    load = start_load(broker)
    load.wait()
    load.lose_broker(broker.kill, 1)
    load.wait()
    assert load.finish().count("session True") == 1
    turn: dict[str, int | None] = {"lost": 1, "unexplained": 1}
    for qos in (1, 2):
        twice = {"doubled": None if qos == 1 else 1}
        load.own.expect(qos, undelivered=1, **turn, **twice)
        load.host.expect(qos, undelivered=None, **turn, **twice)


@pytest.mark.needs("broker:restart")
@pytest.mark.requirement("MQTT-48")
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_broker_without_a_store_is_subscribed_again_and_told_nothing_old(
    own_broker: Callable[..., Mosquitto],
    start_load: Callable[[Mosquitto], Load],
    ledger: MakeLedger,
    end: str,
) -> None:
    broker = own_broker()
    load = start_load(broker)
    load.wait()
    mark = broker.log_mark
    load.lose_broker(getattr(broker, end), 1)
    load.wait()
    _, back, rest = load.finish().partition("session False\n")
    assert back
    # What was under way is lost with the broker's memory, and nothing of it comes twice.
    for qos in (1, 2):
        for account in (load.own, load.host):
            account.expect(qos, undelivered=None, lost=None, doubled=0)
    # From then on all is as ever: the first of the second life is the first that was not tried.
    assert not [each for each in broker.packets(mark) if each.is_received and each.dup]
    after = ledger("board to itself, afterwards", "numbered/board")
    after.read_text(rest)
    for qos in (1, 2):
        after.expect(qos, doubled=0, open=0)
