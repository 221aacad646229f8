"""Handlers of `event` on a board: beside the program, at the prompt, and under stress."""

from __future__ import annotations

import pytest

from harness.deadline import Deadline
from harness.scenario.dut import BoardUnderTest


@pytest.fixture
def codey(board: BoardUnderTest) -> BoardUnderTest:
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
    print(seen, len(notes), codey.led.rgb, wrong)
"""


@pytest.mark.requirement("CODEY-EVENT-02")
def test_handlers_under_stress_twenty_times_without_a_difference(codey: BoardUnderTest) -> None:
    said = codey.exec(STRESS, within_s=90.0)
    assert said.splitlines() == ["['a', 'b', 'c', 'd'] 40 (9, 9, 9) []"] * 20
