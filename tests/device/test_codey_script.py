"""The script calls, and what handlers and the program may do to each other's calls."""

from __future__ import annotations

from tests.device.panel import colours
from tests.device.program import run_board
from tests.device.script import PRELUDE, said_by


def test_stop_this_script_ends_the_handler_and_nothing_else() -> None:
    said = said_by(
        "@event.button_a_pressed\ndef handler():\n    codey.stop_this_script()\n"
        "    say('not ended')\npress()\npress()\nsay('main')"
    )
    assert said == ["240 main"]


def test_stop_this_script_ends_the_program_and_no_handler() -> None:
    said = said_by(
        "from codey.script import Stopped\n@event.start\ndef handler():\n    work()\n"
        "time.sleep_ms(200)\n"
        "try:\n    codey.stop_this_script()\nexcept Stopped:\n    say('main ended')\ntime.sleep(2)"
    )
    assert said == ["100 begins", "200 main ended", "1100 ends", "1100 over"]


def test_stop_other_scripts_ends_the_other_handlers() -> None:
    said = said_by(
        "@event.start\ndef first():\n    work()\n@event.button_a_pressed\ndef second():\n"
        "    codey.stop_other_scripts()\n    say('second')\n    time.sleep_ms(50)\n"
        "    say('goes on')\ntime.sleep_ms(500)\npress()\nsay('main')\ntime.sleep(1)"
    )
    assert said == ["100 begins", "510 second", "520 over", "560 goes on", "620 main"]


def test_stop_all_scripts_ends_all_handlers_and_events_start_them_again() -> None:
    said = said_by(
        "@event.start\ndef first():\n    work()\n@event.button_a_pressed\ndef second():\n"
        "    say('second')\n    codey.stop_all_scripts()\n    say('not ended')\n"
        "time.sleep_ms(500)\npress()\npress()"
    )
    assert said == ["100 begins", "510 second", "520 over", "630 second"]


def test_wait_false_scroll_goes_on_beside_a_handler() -> None:
    source = "codey.display.show('hello', wait=False)\ntime.sleep(5)"
    beside = f"event.button_a_pressed(work)\nmachine.drive(2, 1)\n{source}"
    alone = run_board(PRELUDE + source)
    both = run_board(PRELUDE + beside)
    assert both.edges == alone.edges


def test_call_of_the_program_is_not_cut_by_a_handler() -> None:
    # The handler's turn comes while the program is between two channels of one colour.
    seen = run_board(
        PRELUDE + "green = codey.led._green.duty\n"
        "def duty(value):\n    time.sleep_ms(50)\n    green(value)\n"
        "@event.start\ndef handler():\n    time.sleep_ms(5)\n    codey.led._green.duty = green\n"
        "    codey.led.show(9, 9, 9)\n"
        "time.sleep_ms(95)\ncodey.led._green.duty = duty\ncodey.led.show(1, 2, 3)\n"
        "print(codey.led.rgb)\ntime.sleep_ms(100)\nprint(codey.led.rgb)"
    )
    assert [line for line in seen.lines if line][:2] == ["(1, 2, 3)", "(9, 9, 9)"]
    assert (1, 2, 3) in colours(seen)
    assert colours(seen)[-1] == (9, 9, 9)


def test_step_of_the_programs_scroll_is_not_cut_by_a_handler() -> None:
    seen = run_board(
        PRELUDE + "from codey import panel\nreal = panel.text_columns\n"
        "class Slow:\n"
        "    def __init__(self, text):\n        self.columns = real(text)\n"
        "    def __len__(self):\n        return len(self.columns)\n"
        "    def __getitem__(self, at):\n        time.sleep_ms(7)\n"
        "        return self.columns[at]\n"
        "panel.text_columns = Slow\n"
        "@event.start\ndef handler():\n    time.sleep_ms(150)\n    codey.display.show(38)\n"
        "codey.display.show('hello')\nprint(codey.display.buffer)\n"
    )
    assert seen.lines[0] == repr(bytearray.fromhex("54547c007c547c" + "00" * 9))


def test_end_of_a_sound_does_not_silence_another_ones() -> None:
    said = said_by(
        "codey.speaker.rest(0)\n@event.start\ndef handler():\n"
        "    codey.speaker.play_tone(440, 0.5)\n"
        "    say('ended', codey.speaker.hz)\n"
        "time.sleep_ms(300)\ncodey.speaker.play_tone(880)\ntime.sleep(1)"
    )
    assert said == ["600 ended 880"]


def test_ctrl_c_gets_past_a_handler_that_never_waits_and_ends_all_handlers() -> None:
    said = said_by(
        "from codey import handler as h, script\ncount = 0\n"
        "def rest():\n    global count\n    count += 1\n    raise KeyboardInterrupt\n"
        "h.idle = rest\n"
        "@event.start\ndef endless():\n    while not count:\n        pass\n    codey.led.off()\n"
        "    say('not ended')\n"
        "try:\n    time.sleep(1)\nexcept KeyboardInterrupt:\n    say('interrupted')\n"
        "time.sleep(1)\nprint(len(script.handlers), count)"
    )
    assert said == ["100 interrupted", "0 1"]


STRESS = """
import gc
codey.display._driver.write = lambda columns: None  # the bus has 10 MB to tell otherwise
seen = []
notes = {}
def busy(name):
    def run():
        for i in range(40):
            notes[name, i] = [name] * i
            codey.led.show(i, i, i)
            codey.display.set_pixel(i % 16, i % 8, i & 1)
            if len(set(codey.led.rgb)) != 1:
                say("mixed", codey.led.rgb)
            time.sleep_ms(1 + i % 7)
            if notes[name, i] != [name] * i:
                say("lost", name, i)
        seen.append(name)
    return run
for name in "abcdef":
    event.received(name)(busy(name))
for i in range(60):
    codey.broadcast("abcdef"[i % 6])
    if i % 10 == 9:
        codey.stop_other_scripts()
    codey.led.show(i, i, i)
    x = [bytearray(i) for _ in range(20)]
    gc.collect()
for name in "abcdef":
    codey.broadcast(name)
time.sleep(2)
print(seen, len(notes), codey.led.rgb, codey.display.buffer)
"""


def test_handlers_under_stress_twenty_times_without_a_difference() -> None:
    first = run_board(PRELUDE + STRESS)
    (said,) = [line for line in first.lines if line]
    assert said.startswith("['a', 'b', 'c', 'd', 'e', 'f'] 240 (39, 39, 39) ")
    for _ in range(19):
        again = run_board(PRELUDE + STRESS)
        assert (again.lines, again.duties) == (first.lines, first.duties)


def test_handlers_that_begin_again_and_again_leave_nothing_on_the_heap() -> None:
    said = said_by(
        "import gc\nmachine.duties = {}\nmachine.PWM.duty = lambda self, value: None\n"
        "@event.received('x')\ndef handler():\n    codey.led.show(1, 2, 3)\n"
        "    time.sleep_ms(30)\n"
        "def used(rounds):\n    for i in range(rounds):\n        codey.broadcast('x')\n"
        "    gc.collect()\n    return gc.mem_alloc()\n"
        "before = used(50)\nprint(used(500) - before < 500)"
    )
    assert said == ["True"]
