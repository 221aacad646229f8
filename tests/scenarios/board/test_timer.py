"""The timer of the program."""

from __future__ import annotations

from typing import cast

import pytest

from harness.scenario.dut import BoardUnderTest

#: What a loaded host may put between two calls.
LATE_MS = 1000


@pytest.mark.requirement("CODEY-TIMER-01")
def test_timer_counts_tenths_and_cuts_the_rest(codey: BoardUnderTest) -> None:
    codey.exec(
        "codey.reset_timer()\nbegan = time.ticks_ms()\nread = []\n"
        "for _ in range(6):\n    time.sleep(0.07)\n"
        "    before = time.ticks_ms()\n    value = codey.get_timer()\n"
        "    read.append((time.ticks_diff(before, began), value,\n"
        "        time.ticks_diff(time.ticks_ms(), began)))"
    )
    read = cast("list[tuple[int, float, int]]", codey.evaluate("read"))
    for before_ms, value, after_ms in read:
        # What the clock said just before and just after; the reset was a moment before `began`.
        assert before_ms // 100 / 10 <= value <= (after_ms + LATE_MS) // 100 / 10
        assert value == round(value, 1)
    assert read[-1][1] >= 0.4


@pytest.mark.requirement("CODEY-TIMER-01")
def test_timer_begins_with_the_program_and_when_it_is_told_to(board: BoardUnderTest) -> None:
    board.reset()
    said = board.exec(
        "import codey, time\nprint(codey.get_timer() < 1)\ntime.sleep(1.2)\n"
        "print(codey.get_timer() >= 1.2)\ncodey.reset_timer()\nprint(codey.get_timer() < 1)"
    )
    assert said.splitlines() == ["True", "True", "True"]
