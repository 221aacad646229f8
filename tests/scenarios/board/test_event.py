"""Handlers of `event`: what starts them, beside the program, at the prompt, and under stress."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.deadline import Deadline
from harness.scenario.dut import BoardUnderTest
from harness.scenario.input import RigInputs


@pytest.fixture
def codey(board: BoardUnderTest) -> BoardUnderTest:
    board.reset()
    board.exec("import codey, event, time, gc\nseen = []\n")
    return board


@pytest.mark.requirement("CODEY-EVENT-01")
def test_handler_runs_beside_a_program_that_waits_and_one_that_computes(
    codey: BoardUnderTest,
) -> None:
    said = codey.exec(
        "@event.start\n"
        "def handler():\n"
        "    for i in range(5):\n"
        "        seen.append(i)\n"
        "        time.sleep(0.05)\n"
        "    seen.append('end')\n"
        "count = 0\n"
        "until = time.ticks_add(time.ticks_ms(), 5000)\n"
        "while 'end' not in seen and time.ticks_diff(until, time.ticks_ms()) > 0:\n"
        "    count += 1\n"
        "    x = [0] * 20\n"
        "print(seen, count > 20)\n"
    )
    assert said.strip() == "[0, 1, 2, 3, 4, 'end'] True"


@pytest.mark.requirement("CODEY-EVENT-01")
def test_handler_goes_on_when_the_program_has_ended(codey: BoardUnderTest) -> None:
    # It runs while the board waits at its prompt: each look takes milliseconds, each wait 200.
    codey.exec(
        "@event.start\ndef handler():\n    for i in range(3):\n        seen.append(i)\n"
        "        time.sleep(0.2)\n"
    )
    deadline = Deadline.after(10)
    while not deadline.is_expired and codey.evaluate("len(seen)") != 3:
        pass
    assert codey.evaluate("seen") == [0, 1, 2]


@pytest.mark.requirement("CODEY-EVENT-02")
def test_retrigger_restarts_the_handler(codey: BoardUnderTest) -> None:
    said = codey.exec(
        "@event.received('go')\n"
        "def handler():\n"
        "    seen.append('begin')\n"
        "    try:\n"
        "        time.sleep(0.3)\n"
        "        seen.append('end')\n"
        "    finally:\n"
        "        seen.append('over')\n"
        "for i in range(3):\n"
        "    codey.broadcast('go')\n"
        "    time.sleep(0.05)\n"
        "time.sleep(1)\n"
        "print(seen)\n"
    )
    runs = ["begin", "over"] * 2 + ["begin", "end", "over"]
    assert said.strip() == repr(runs)


STRESS = """
notes = {}
wrong = []
def busy(name):
    def run():
        for i in range(10):
            notes[name, i] = [name] * i
            codey.led.show(i, i, i)
            codey.display.set_pixel(i, i & 7, i & 1)
            if len(set(codey.led.rgb)) != 1:
                wrong.append(("mixed", codey.led.rgb))
            time.sleep_ms(1 + i % 7)
            if notes[name, i] != [name] * i:
                wrong.append(("lost", name, i))
        seen.append(name)
    return run
for name in "abcd":
    event.received(name)(busy(name))
for round in range(20):
    codey.display.show("hello", wait=False)
    for i in range(12):
        codey.broadcast("abcd"[i % 4])
        x = [bytearray(i) for _ in range(20)]
        gc.collect()
    codey.stop_other_scripts()
    time.sleep_ms(50)
    seen.clear()
    for name in "abcd":
        codey.broadcast(name)
    until = time.ticks_add(time.ticks_ms(), 10000)
    while len(seen) < 4 and time.ticks_diff(until, time.ticks_ms()) > 0:
        time.sleep_ms(5)
    # Which of them ends first is a matter of how busy the host is.
    print(sorted(seen), len(notes), codey.led.rgb, wrong)
"""


@pytest.mark.requirement("CODEY-EVENT-02")
def test_handlers_under_stress_twenty_times_without_a_difference(codey: BoardUnderTest) -> None:
    said = codey.exec(STRESS, within_s=90.0)
    assert said.splitlines() == ["['a', 'b', 'c', 'd'] 40 (9, 9, 9) []"] * 20


#: A program whose one handler says that it was started, and ends.
PROGRAM = """
import codey, event, time
@event.%s
def handler():
    print("fired")
%s
print("ready")
while True:
    time.sleep(0.05)
"""

Gesture = Callable[[RigInputs], object]


def nothing(inputs: RigInputs) -> None:
    """Leave the board as it lies."""


@pytest.mark.requirement("CODEY-EVENT-05", "CODEY-EVENT-06", "CODEY-EVENT-07", "CODEY-EVENT-08")
@pytest.mark.needs("inputs", "event")
@pytest.mark.parametrize(
    ("decorator", "before", "cause", "end"),
    [
        *(
            pytest.param(
                f"button_{each}_pressed",
                nothing,
                lambda inputs, each=each: inputs.press(each),
                lambda inputs, each=each: inputs.release(each),
                id=f"button_{each}_pressed",
            )
            for each in "abc"
        ),
        *(
            pytest.param(
                name,
                nothing,
                lambda inputs, position=position: inputs.tilt(position),
                lambda inputs: inputs.tilt("display_up"),
                id=name,
            )
            for name, position in (
                ("tilted_left", "left"),
                ("tilted_right", "right"),
                ("ears_up", "ears_up"),
                ("ears_down", "ears_down"),
            )
        ),
        pytest.param(
            "greater_than(50, 'sound_sensor')",
            lambda inputs: inputs.sound(20),
            lambda inputs: inputs.sound(80),
            lambda inputs: inputs.sound(20),
            id="sound",
        ),
        pytest.param(
            "less_than(30, 'light_sensor')",
            lambda inputs: inputs.light(90),
            lambda inputs: inputs.light(10),
            lambda inputs: inputs.light(90),
            id="light",
        ),
    ],
)
def test_event_fires_when_it_begins_and_not_while_it_lasts(
    board: BoardUnderTest,
    inputs: RigInputs,
    decorator: str,
    before: Gesture,
    cause: Gesture,
    end: Gesture,
) -> None:
    before(inputs)
    program = board.start(PROGRAM % (decorator, ""))
    program.expect_text("ready", within_s=10.0)
    assert "fired" not in program.text
    for count in (1, 2):
        cause(inputs)
        program.expect_text("fired", within_s=10.0, count=count)
        # As long as some looks of the board at its inputs.
        end(inputs)
        inputs.hold("c" if "button_a" in decorator else "a", 0.1)
    board.stop()
    assert program.text.count("fired") == 2


@pytest.mark.requirement("CODEY-EVENT-06")
@pytest.mark.needs("inputs", "event", "motion")
def test_shake_fires(board: BoardUnderTest, inputs: RigInputs) -> None:
    program = board.start(PROGRAM % ("shaked", ""))
    program.expect_text("ready", within_s=10.0)
    inputs.shake()
    program.expect_text("fired", within_s=10.0)


@pytest.mark.requirement("CODEY-EVENT-07")
@pytest.mark.needs("inputs", "event", "ir")
def test_infrared_text_fires_for_its_own_handler_only(
    board: BoardUnderTest, inputs: RigInputs
) -> None:
    program = board.start(
        PROGRAM
        % ("ir_received('go')", "@event.ir_received('stop')\ndef other():\n    print('other')")
    )
    program.expect_text("ready", within_s=10.0)
    inputs.ir("stop")
    program.expect_text("other", within_s=10.0)
    inputs.ir("going")
    inputs.ir("go")
    program.expect_text("fired", within_s=10.0)
    board.stop()
    assert (program.text.count("fired"), program.text.count("other")) == (1, 1)


@pytest.mark.requirement("CODEY-EVENT-07", "CODEY-MESSAGE-01")
def test_broadcast_fires_for_its_own_handlers_only(codey: BoardUnderTest) -> None:
    said = codey.exec(
        "for text in ('go', 'go', 'stop'):\n"
        "    def handler(text=text, at=len(seen)):\n        seen.append(text)\n"
        "    event.received(text)(handler)\n"
        "for text in ('go', 'nobody', '', 'stop', 5):\n"
        "    codey.broadcast(text)\n    time.sleep(0.1)\nprint(seen)"
    )
    assert said == "['go', 'go', 'stop']\n"


@pytest.mark.requirement("CODEY-EVENT-08")
def test_timer_fires_when_it_passes_the_threshold(codey: BoardUnderTest) -> None:
    said = codey.exec(
        "codey.reset_timer()\n"
        "@event.greater_than(0.3, 'timer')\ndef handler():\n    seen.append(codey.get_timer())\n"
        "for _ in range(2):\n    time.sleep(0.6)\n    codey.reset_timer()\n"
        "print(len(seen), min(seen) > 0.3)"
    )
    assert said == "2 True\n"


@pytest.mark.requirement("CODEY-EVENT-03")
def test_exception_ends_its_handler_alone_and_is_printed(codey: BoardUnderTest) -> None:
    said = codey.exec(
        "@event.received('go')\ndef bad():\n    seen.append('bad')\n    1 / 0\n"
        "@event.received('go')\ndef good():\n    time.sleep(0.1)\n    seen.append('good')\n"
        "for i in range(2):\n    codey.broadcast('go')\n    time.sleep(0.4)\nprint(seen)"
    )
    assert said.count("ZeroDivisionError") == 2
    assert said.endswith("['bad', 'good', 'bad', 'good']\n")


@pytest.mark.requirement("CODEY-EVENT-04")
def test_start_fires_once_in_each_of_its_handlers(codey: BoardUnderTest) -> None:
    said = codey.exec(
        "@event.start\ndef first():\n    seen.append('first')\n"
        "@event.start\ndef second():\n    seen.append('second')\n"
        "time.sleep(0.5)\nprint(seen)"
    )
    assert said == "['first', 'second']\n"
