"""`event` and the script calls: handlers beside the program, on the model's clock."""

from __future__ import annotations

import pytest

from tests.device.program import run_board
from tests.device.script import PRELUDE, said_by


def test_handler_runs_beside_the_program_and_leaves_it_its_time() -> None:
    said = said_by(
        "event.button_a_pressed(work)\npress()\nfor i in range(3):\n    time.sleep_ms(300)\n"
        "    say('main', i)\ntime.sleep(1)"
    )
    assert said == [
        "10 begins",
        "420 main 0",
        "720 main 1",
        "1010 ends",
        "1010 over",
        "1020 main 2",
    ]


def test_handlers_run_beside_each_other() -> None:
    said = said_by(
        "codey.speaker.rest(0)  # its first use loads it, which takes a handler a tick\n"
        "@event.start\ndef first():\n    for i in range(3):\n        say('first', i)\n"
        "        time.sleep(0.2)\n"
        "@event.start\ndef second():\n    for i in range(3):\n        say('second', i)\n"
        "        codey.speaker.rest(0.2)\n"
        "time.sleep(1)"
    )
    assert said == [f"{at} {who} {i}" for i, at in enumerate((100, 300, 500)) for who in
                    ("first", "second")]  # fmt: skip


def test_retrigger_ends_the_handler_at_its_sleep_and_begins_anew() -> None:
    said = said_by(
        "event.button_a_pressed(work)\npress()\ntime.sleep_ms(300)\npress()\ntime.sleep(2)"
    )
    assert said == ["10 begins", "430 over", "430 begins", "1430 ends", "1430 over"]


@pytest.mark.parametrize(
    "call",
    [
        "codey.led.show(1, 2, 3)",
        "codey.led.off()",
        "codey.display.show(1)",
        "codey.display.show('long text')",
        "codey.display.clear()",
        "codey.display.get_pixel(0, 0)",
        "codey.display.set_pixel(0, 0, True)",
        "codey.display.show_image('ff', 0, 0, 5)",
        "codey.button_b.is_pressed()",
        "codey.potentiometer.get_value()",
        "codey.light_sensor.get_value()",
        "codey.sound_sensor.get_loudness()",
        "codey.battery.get_percentage()",
        "codey.motion_sensor.get_roll()",
        "codey.ir.receive()",
        "codey.speaker.play_tone(440, 5)",
        "codey.speaker.stop_sounds()",
        "codey.speaker.rest(5)",
        "codey.wifi.is_connected()",
        "codey.wifi.start('s', 'p')",
        "codey.get_timer()",
        "codey.reset_timer()",
        "codey.broadcast('x')",
        "codey.stop_other_scripts()",
        "time.sleep(1)",
        "time.sleep_ms(1000)",
        "time.sleep_us(10)",
    ],
)
def test_each_call_and_each_sleep_ends_a_handler_that_was_started_anew(call: str) -> None:
    # The first run is stopped from within, so that the named call is the first that could end it.
    said = said_by(
        "from codey import script\nruns = 0\n"
        "@event.button_a_pressed\ndef handler():\n    global runs\n    runs += 1\n"
        "    if runs == 1:\n        script.running.restart()\n"
        f"        {call}\n        say('not ended')\n    say('run', runs)\n"
        "press()\ntime.sleep(20)"
    )
    assert said == ["20 run 2"]


def test_handler_that_plays_is_silent_once_it_has_been_ended() -> None:
    seen = run_board(
        PRELUDE + "@event.button_a_pressed\ndef handler():\n    codey.speaker.play_tone(440, 5)\n"
        "@event.button_b_pressed\ndef other():\n    codey.stop_other_scripts()\n"
        "press()\nmachine.drive(12, 1)\ntime.sleep_ms(50)\nprint(codey.speaker.hz)"
    )
    assert [call for call in seen.calls if call[1] == 25] == [["pwm", 25, 440], ["deinit", 25, 0]]
    assert "0" in seen.lines


def test_exception_frees_the_handler_and_is_printed() -> None:
    said = said_by(
        "@event.button_a_pressed\ndef handler():\n    say('begins')\n    1/0\n"
        "press()\npress()\nsay('main')"
    )
    assert [line for line in said if line.endswith(("begins", "main")) or "Error" in line] == [
        "10 begins",
        "ZeroDivisionError: divide by zero",
        "130 begins",
        "ZeroDivisionError: divide by zero",
        "240 main",
    ]


def test_except_exception_does_not_catch_the_end() -> None:
    said = said_by(
        "@event.button_a_pressed\ndef handler():\n    try:\n        work()\n"
        "    except Exception as e:\n        say('caught', e)\n"
        "press()\npress()\ntime.sleep(2)"
    )
    assert not any("caught" in line for line in said)
    assert said.count("1130 ends") == 1


@pytest.mark.parametrize(
    ("imports", "sleep"),
    [
        ("import time as t", "t.sleep(1)"),
        ("from time import sleep", "sleep(1)"),
        ("from time import sleep_ms", "sleep_ms(1000)"),
        ("from time import sleep_ms as later", "later(1000)"),
        ("import utime", "utime.sleep(1)"),
    ],
)
def test_sleeps_that_were_imported_before_or_after_let_the_others_run(
    imports: str, sleep: str
) -> None:
    definition = (
        f"@event.start\ndef handler():\n    {sleep}\n    say('handler')\n"
        "time.sleep_ms(500)\nsay('main')\ntime.sleep(1)"
    )
    late = f"@event.shaked\ndef any_handler():\n    pass\n{imports}\n" + definition
    expected = ["500 main", "1100 handler"]
    assert said_by(late) == expected
    # The model's `time` is not the interpreter's `utime`, as it is on a board.
    if " as " not in imports and "utime" not in imports:
        assert said_by(f"{imports}\n{definition}") == expected


def test_start_fires_once_when_the_last_handler_has_been_defined() -> None:
    said = said_by(
        "@event.start\ndef first():\n    say('first')\ntime.sleep_ms(80)\n"
        "@event.start\ndef second():\n    say('second')\ntime.sleep(1)"
    )
    assert said == ["180 first", "180 second"]


@pytest.mark.parametrize(
    ("decorator", "before", "cause"),
    [
        ("button_a_pressed", "pass", "machine.drive(2, 1)"),
        ("button_b_pressed", "pass", "machine.drive(12, 1)"),
        ("button_c_pressed", "pass", "machine.drive(27, 0)"),
        ("tilted_left", "hold(0, 0, 1)", "hold(0.7, 0, 0.7)"),
        ("tilted_right", "hold(0, 0, 1)", "hold(-0.7, 0, 0.7)"),
        ("ears_up", "hold(0, 0, 1)", "hold(0, 0.9, 0.4)"),
        ("ears_down", "hold(0, 0, 1)", "hold(0, -0.9, 0.4)"),
        ("shaked", "hold(0, 0, 1)", "hold(2, 2, 1)"),
        ("received('go')", "codey.broadcast('stop')", "codey.broadcast('go')"),
        ("greater_than(50, 'sound_sensor')", "machine.readings[36] = 100",
         "machine.readings[36] = 4095"),
        ("less_than(30, 'light_sensor')", "machine.readings[35] = 4095",
         "machine.readings[35] = 1000"),
        ("greater_than(2, 'timer')", "codey.reset_timer()", "time.sleep(2)"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_documented_form", [False, True])
def test_each_event_fires_once_when_it_begins(
    decorator: str, before: str, cause: str, is_documented_form: bool
) -> None:
    define = f"@event.{decorator}\ndef handler():\n    say('fired')\n"
    if is_documented_form and "(" in decorator:
        name, _, arguments = decorator.partition("(")
        define = f"def handler():\n    say('fired')\nevent.{name}(handler, {arguments}\n"
    said = said_by(
        "def hold(*g):\n    for i in range(3):\n        v = int(g[i] * 8192) & 0xFFFF\n"
        "        machine.registers[0x3B + 2 * i] = v >> 8\n"
        "        machine.registers[0x3C + 2 * i] = v & 255\n"
        f"{before}\n{define}{before}\ntime.sleep_ms(300)\nsay('caused')\n{cause}\ntime.sleep_ms(300)"
    )
    assert [line.split()[1] for line in said] == ["caused", "fired"]


@pytest.mark.parametrize(
    "call",
    [
        "greater_than('x', 'timer')(f)",
        "greater_than(1, 'nothing')(f)",
        "less_than(True, 'light_sensor')(f)",
        "received(5)(f)",
        "ir_received(None)(f)",
        "start(5)",
        "button_a_pressed(None)",
    ],
)
def test_argument_policy_wrong_type_makes_no_handler(call: str) -> None:
    said = said_by(
        f"from codey import script\ndef f():\n    say('never')\nevent.{call}\ntime.sleep(3)\n"
        "print(len(script.handlers))"
    )
    assert said == ["0"]
