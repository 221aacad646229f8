"""The example program of the vendor's page, as a whole and unchanged: MQTT-42 to MQTT-47."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.broker.broker import Broker
from harness.broker.scripted import ScriptedBroker
from harness.broker.scripted_step import Ack, Expect
from harness.deadline import Deadline
from harness.pytest_plugin.fixture import Display, Led
from harness.pytest_plugin.run import HilRun
from harness.report.journal import read_journal
from harness.scenario.broker_fact import BrokerFacts
from harness.scenario.dut import BoardUnderTest
from harness.scenario.input import RigInputs
from harness.scenario.matcher import led_is, shows
from harness.scenario.messenger import Messenger
from harness.scenario.model import Marks, Prints, Receives, Scenario, Shows, Start, Stop
from harness.scenario.runner import Runner
from harness.scenario.running import RunningProgram

CLIENT = "20180911203800"
TOPIC = "/sensors/temperature/home"
BLUE = (0, 0, 255)


@pytest.fixture
def example(programs: Path) -> Path:
    return programs / "page_example.py"


def kinds(program: RunningProgram) -> list[tuple[str, object]]:
    """The effects in their order, those that repeat each round left out."""
    found: list[tuple[str, object]] = []
    for seen in program.records:
        fields = seen.record.fields
        effect = (seen.record.kind, fields.get("state") or fields.get("text") or fields.get("rgb"))
        if effect not in found:
            found.append(effect)
    return found


@pytest.mark.requirement("MQTT-42")
@pytest.mark.needs("records")
def test_effects_come_in_the_order_of_the_page(
    facts: BrokerFacts, board: BoardUnderTest, mqtt: Messenger, example: Path
) -> None:
    inbox = mqtt.subscribe(TOPIC)
    program = board.start(example)
    inbox.expect(TOPIC, "38", qos=1, within_s=15.0)
    program.expect_record("38", lambda each: each.fields.get("text") == "38", within_s=10.0)
    assert kinds(program) == [
        ("wifi", "start"),
        ("wifi", "connecting"),
        ("led", [0, 0, 0]),
        ("display", "0"),
        ("wifi", "connected"),
        ("led", [0, 0, 255]),
        ("display", "38"),
    ]
    (subscribe,) = facts.packets(CLIENT, "SUBSCRIBE")
    assert subscribe.filters == (("/sensors/temperature/#", 1),)


@pytest.mark.requirement("MQTT-42")
def test_led_is_blue_once_the_subscription_stands_and_not_before(
    scripted: ScriptedBroker, board: BoardUnderTest, led: Led, example: Path
) -> None:
    scripted.expect_connection(Expect("CONNECT"), Ack(), Expect("SUBSCRIBE"))
    board.start(example)
    scripted.wait_packet(Expect("SUBSCRIBE"), Deadline.after(15.0))
    led.stays((0, 0, 0), for_s=0.3)
    scripted.perform(Ack())
    led.shows(*BLUE)


@pytest.mark.requirement("MQTT-43")
def test_broker_sees_the_client_as_the_page_has_it(
    facts: BrokerFacts, board: BoardUnderTest, mqtt: Messenger, example: Path
) -> None:
    inbox = mqtt.subscribe(TOPIC)
    board.start(example)
    inbox.expect(TOPIC, "38", within_s=15.0)
    (connection,) = facts.connections(CLIENT)
    assert (connection.user, connection.keepalive_s, connection.clean_session) == ("test", 0, True)
    (packet, *_) = [each for each in facts.packets(CLIENT, "PUBLISH") if each.is_received]
    assert (packet.qos, packet.retain, packet.topic) == (1, False, TOPIC)


@pytest.mark.requirement("MQTT-44")
@pytest.mark.needs("records")
def test_round_prints_and_shows_what_was_published(run: Runner, example: Path) -> None:
    run(
        Scenario(
            "one round",
            (
                Start(example),
                Receives(TOPIC, "38", qos=1, within_s=15.0),
                Prints(f"{TOPIC} :38"),
                Marks("display", (("text", "38"),)),
                Shows(shows("38")),
                Shows(led_is(*BLUE)),
                Stop(),
                Shows(shows("38")),
                Shows(led_is(*BLUE)),
            ),
        )
    )


@pytest.mark.requirement("MQTT-45")
def test_it_runs_for_many_rounds_with_no_other_publisher(
    board: BoardUnderTest, mqtt: Messenger, example: Path, display: Display, led: Led
) -> None:
    rounds = 8
    inbox = mqtt.subscribe(TOPIC)
    program = board.start(example)
    program.expect_text(f"{TOPIC} :38", within_s=15.0 + 2 * rounds, count=rounds)
    display.shows("38")
    led.shows(*BLUE)
    board.stop()
    for _ in range(rounds):
        inbox.expect(TOPIC, "38")
    assert {each.payload for each in inbox.all} == {b"38"}
    display.shows("38")


@pytest.mark.requirement("MQTT-46")
@pytest.mark.needs("inputs")
def test_nothing_happens_until_wifi_is_up(
    facts: BrokerFacts,
    board: BoardUnderTest,
    mqtt: Messenger,
    example: Path,
    inputs: RigInputs,
    display: Display,
    led: Led,
) -> None:
    inbox = mqtt.subscribe(TOPIC)
    inputs.wifi("down")
    board.start(example)
    display.shows("0")
    led.shows(0, 0, 0)
    inbox.expect_none(TOPIC, for_s=0.5)
    assert facts.connections(CLIENT) == []
    inputs.wifi("up")
    inbox.expect(TOPIC, "38", within_s=15.0)
    led.shows(*BLUE)


@pytest.mark.requirement("MQTT-46")
@pytest.mark.needs("inputs")
def test_loss_of_wifi_ends_it_with_oserror_and_a_blue_led(
    board: BoardUnderTest, example: Path, inputs: RigInputs, led: Led, display: Display
) -> None:
    program = board.start(example)
    program.expect_text(f"{TOPIC} :38", within_s=15.0)
    inputs.wifi("down")
    error = program.expect_end(within_s=20.0)
    assert error is not None
    assert error.type_name == "OSError"
    led.shows(*BLUE)
    display.shows("38")


@pytest.mark.requirement("MQTT-47")
def test_it_runs_with_not_one_character_changed(
    board: BoardUnderTest, mqtt: Messenger, example: Path, broker: Broker, hil_run: HilRun
) -> None:
    source = example.read_text(encoding="utf-8")
    assert "mq.makeblock.com" in source
    assert str(broker.address.port) not in source
    inbox = mqtt.subscribe(TOPIC)
    board.start(example)
    inbox.expect(TOPIC, "38", within_s=15.0)
    board.stop()
    sent = [
        entry["source"]
        for entry in read_journal(hil_run.journal.path)
        if entry["kind"] == "exec" and entry["test"] == hil_run.evidence.test
    ]
    assert source in sent
