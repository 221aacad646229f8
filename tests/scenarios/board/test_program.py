"""Whole programs as users of the board write them: what they sense, publish, hear and show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.broker.client import MqttClient
from harness.broker.message import matching
from harness.broker.mosquitto import Mosquitto
from harness.deadline import Deadline
from harness.link.rig import BenchEvent
from harness.pytest_plugin.fixture import Display, Led
from harness.pytest_plugin.run import HilRun
from harness.scenario.dut import BoardUnderTest
from harness.scenario.font import strip_of
from harness.scenario.input import RigInputs
from harness.scenario.messenger import Messenger

ANSWER_S = 10.0
#: A program that has just begun has to load its modules and to join the Wi-Fi.
BEGIN_S = 20.0

LEVEL = "living_room/lamp/level"
ALARM = "cellar/alarm"
STATE = "panel/state"

OFF = (0, 0, 0)
RED = (255, 0, 0)
GREEN = (0, 255, 0)
BLUE = (0, 0, 255)
YELLOW = (255, 255, 0)
ORANGE = (255, 100, 0)

#: What the kitchen's panel shows when somebody is at the door.
BELL = bytes.fromhex("003c4281818181bd423c00000000bf00")


@pytest.fixture(autouse=True)
def forgotten(board: BoardUnderTest, mqtt: Messenger) -> Iterator[None]:
    """Delete what the programs have left at the broker, once they have ended."""
    yield
    board.stop()
    for topic in (LEVEL, ALARM, STATE):
        mqtt.publish(topic, b"", retain=True, qos=1)


@pytest.mark.requirement("CODEY-BUTTON-01", "MQTT-27")
@pytest.mark.needs("inputs")
def test_press_of_a_button_is_published_once(
    board: BoardUnderTest, mqtt: Messenger, inputs: RigInputs, display: Display, programs: Path
) -> None:
    inbox = mqtt.subscribe("house/bell")
    board.start(programs / "button_press.py")
    display.eventually("0", within_s=BEGIN_S)
    for count in (1, 2):
        inputs.press("a")
        inbox.expect("house/bell", str(count), qos=1, within_s=ANSWER_S)
        display.shows(str(count))
        # Held for some of the program's rounds, it is still one press.
        inbox.expect_none("house/bell", for_s=0.2)
        inputs.release("a")
        inbox.expect_none("house/bell", for_s=0.2)
    inputs.press("b")
    inbox.expect("house/bell", "0", qos=1, within_s=ANSWER_S)
    display.shows("0")
    assert [each.payload for each in inbox.all] == [b"1", b"2", b"0"]


@pytest.mark.requirement("CODEY-SENSOR-01", "MQTT-28")
@pytest.mark.needs("inputs")
def test_position_of_the_knob_is_retained(
    board: BoardUnderTest, mqtt: Messenger, inputs: RigInputs, display: Display, programs: Path
) -> None:
    inputs.turn(20)
    inbox = mqtt.subscribe(LEVEL)
    board.start(programs / "dimmer.py")
    inbox.expect(LEVEL, "20", qos=1, within_s=BEGIN_S)
    inputs.turn(75)
    inbox.expect(LEVEL, "75", qos=1, within_s=ANSWER_S)
    display.shows("75")
    # One percent is noise.
    inputs.turn(76)
    inbox.expect_none(LEVEL, for_s=0.3)
    # Whoever comes later gets the last one.
    mqtt.subscribe(LEVEL).expect(LEVEL, "75", retain=True, within_s=ANSWER_S)


@pytest.mark.requirement("CODEY-SENSOR-02", "CODEY-LED-01", "CODEY-SPEAKER-01", "MQTT-28")
@pytest.mark.needs("inputs", "bench")
def test_alarm_does_not_flicker_at_dusk(
    board: BoardUnderTest,
    mqtt: Messenger,
    inputs: RigInputs,
    led: Led,
    display: Display,
    witnessed: Callable[[str, int], list[BenchEvent]],
    programs: Path,
) -> None:
    inputs.light(60)
    inbox = mqtt.subscribe(ALARM)
    board.start(programs / "light_alarm.py")
    inbox.expect(ALARM, "off", within_s=BEGIN_S)
    # Between the thresholds, 30 and 40, it stays as it was.
    for percent, told, colour in (
        (35, None, OFF),
        (25, "on", RED),
        (35, None, RED),
        (29, None, RED),
        (45, "off", OFF),
        (31, None, OFF),
    ):
        inputs.light(percent)
        display.shows(str(percent), within_s=ANSWER_S)
        if told:
            inbox.expect(ALARM, told, qos=1, within_s=ANSWER_S)
        led.shows(*colour)
    assert [each.payload for each in inbox.all] == [b"off", b"on", b"off"]
    assert [event.frequency_hz for event in witnessed("tone", 2)] == [880, 0]
    mqtt.subscribe(ALARM).expect(ALARM, "off", retain=True, within_s=ANSWER_S)


@pytest.mark.requirement(
    "CODEY-DISPLAY-01", "CODEY-DISPLAY-04", "CODEY-DISPLAY-09", "CODEY-LED-01", "MQTT-35", "MQTT-36"
)
def test_panel_is_driven_from_afar(
    board: BoardUnderTest, mqtt: Messenger, display: Display, led: Led, programs: Path
) -> None:
    inbox = mqtt.subscribe(STATE)
    board.start(programs / "panel_remote.py")
    inbox.expect(STATE, "here", within_s=BEGIN_S)
    mqtt.publish("panel/number", "38")
    display.shows("38", within_s=ANSWER_S)
    mqtt.publish("panel/led", "200,90,31")
    led.shows(200, 90, 31, within_s=ANSWER_S)
    mqtt.publish("panel/image", "e00d")
    display.is_frame(bytes.fromhex("e00d").ljust(16, b"\0"), within_s=ANSWER_S)
    # It hears of the next text while one scrolls.
    mqtt.publish("panel/text", "a long text")
    display.eventually(strip_of("a long text")[:16], within_s=ANSWER_S)
    mqtt.publish("panel/text", "abc")
    display.scrolls("abc")
    mqtt.publish("panel/number", "7")
    display.shows("7", within_s=ANSWER_S)
    mqtt.publish("panel/clear", "")
    display.is_dark(within_s=ANSWER_S)
    led.shows(200, 90, 31)
    board.reset()
    inbox.expect(STATE, "gone", within_s=ANSWER_S)


@pytest.mark.requirement("CODEY-DISPLAY-01", "CODEY-LED-01", "MQTT-15", "MQTT-48")
@pytest.mark.needs("broker:restart")
def test_counter_counts_on_when_the_broker_comes_back(
    board: BoardUnderTest,
    own_broker: Callable[..., Mosquitto],
    display: Display,
    led: Led,
    programs: Path,
) -> None:
    broker = own_broker()
    board.start(programs / "counter.py")
    display.sequence(["1", "2", "3"], within_s=BEGIN_S)
    broker.stop()
    led.eventually(RED, within_s=ANSWER_S)
    broker.start(Deadline.after(ANSWER_S))
    led.eventually(OFF, within_s=ANSWER_S)
    with MqttClient(broker.address, broker.credentials, client_id="reader") as reader:
        reader.connect(Deadline.after(ANSWER_S))
        inbox = reader.subscribe("counter/value", Deadline.after(ANSWER_S), qos=1)
        first, second = (inbox.wait(matching(), Deadline.after(ANSWER_S)) for _ in range(2))
    assert first is not None
    assert second is not None
    assert int(second.payload) == int(first.payload) + 1 > 4


@pytest.mark.requirement("CODEY-DISPLAY-03", "CODEY-LED-01", "MQTT-15", "MQTT-48")
@pytest.mark.needs("broker:restart")
def test_headline_goes_round_while_the_broker_is_away(
    board: BoardUnderTest,
    own_broker: Callable[..., Mosquitto],
    display: Display,
    led: Led,
    programs: Path,
    tmp_path: Path,
) -> None:
    broker = own_broker(store=tmp_path)

    def publish(headline: str) -> None:
        with MqttClient(broker.address, broker.credentials, client_id="editor") as editor:
            editor.connect(Deadline.after(ANSWER_S))
            editor.publish("news/headline", headline, Deadline.after(ANSWER_S), qos=1)

    board.start(programs / "news.py")
    display.eventually(strip_of("...")[:16], within_s=BEGIN_S)
    publish("abc")
    display.scrolls("abc", within_s=ANSWER_S)
    broker.stop()
    led.eventually(ORANGE, within_s=ANSWER_S)
    display.scrolls("abc", within_s=ANSWER_S)
    broker.start(Deadline.after(ANSWER_S))
    # Kept by the broker for the session of the board, should that not be back yet.
    publish("xyz")
    led.eventually(OFF, within_s=ANSWER_S)
    display.scrolls("xyz", within_s=ANSWER_S)


@pytest.fixture
def kitchen(boards: dict[str, BoardUnderTest]) -> BoardUnderTest:
    """The second board; the fixtures `inputs`, `display` and `led` are the first one's."""
    return boards["kitchen"]


@pytest.fixture
def kitchen_inputs(kitchen: BoardUnderTest, hil_run: HilRun) -> RigInputs:
    """Gestures at the kitchen's board."""
    rig = kitchen.board.rig
    if rig.inputs is None:
        pytest.skip("missing capability: inputs")
    return RigInputs(rig.inputs, kitchen.name, hil_run.evidence, rig.time_scale)


@pytest.mark.requirement("CODEY-EVENT-05", "CODEY-BUTTON-01", "CODEY-DISPLAY-04", "MQTT-27")
@pytest.mark.needs("inputs", "event")
@pytest.mark.boards(2, roles=["door", "kitchen"])
def test_door_and_kitchen_talk_to_each_other(
    boards: dict[str, BoardUnderTest],
    kitchen: BoardUnderTest,
    kitchen_inputs: RigInputs,
    hil_run: HilRun,
    inputs: RigInputs,
    display: Display,
    led: Led,
    programs: Path,
) -> None:
    for role, dut in boards.items():
        dut.start(programs / f"{role}.py")
    led.eventually(BLUE, within_s=BEGIN_S)
    Led(kitchen, hil_run.evidence).eventually(BLUE, within_s=BEGIN_S)
    kitchen_display = Display(kitchen, hil_run.evidence)
    for _ in range(2):
        inputs.hold("a")
        led.eventually(YELLOW, within_s=ANSWER_S)
        kitchen_display.eventually(BELL, within_s=ANSWER_S)
        # Nobody has answered yet.
        led.never(GREEN, for_s=0.2)
        kitchen_inputs.hold("b", 0.2)
        led.eventually(GREEN, within_s=ANSWER_S)
        display.shows("ok")
        kitchen_display.is_dark(within_s=ANSWER_S)
