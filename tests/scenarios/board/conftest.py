"""What the scenarios of the board's API share: its modules, its answers, and what the bench saw."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.deadline import Deadline
from harness.errors import ExpectationFailed
from harness.link.rig import Bench, BenchEvent
from harness.scenario.dut import BoardUnderTest

#: A board that works answers in milliseconds; a loaded host takes longer.
ANSWER_S = 10.0

Becomes = Callable[[str, str], None]
Witnessed = Callable[[str, int], list[BenchEvent]]


@pytest.fixture
def codey(board: BoardUnderTest) -> BoardUnderTest:
    """The board with `codey` imported, panel and LED dark."""
    board.exec("import codey, time; codey.display.clear(); codey.led.off()")
    return board


@pytest.fixture
def becomes(codey: BoardUnderTest) -> Becomes:
    """Wait until an expression on the idle board has a value: ``becomes("1 + 1", "2")``.

    The value is compared as the board prints it, so that 0, 0.0 and False are three.
    """

    def wait(expression: str, expected: str) -> None:
        deadline = Deadline.after(ANSWER_S)
        found = ""
        while found != expected:
            if deadline.is_expired:
                raise ExpectationFailed(
                    f"the value did not come within {ANSWER_S:g} s",
                    on=codey.name,
                    expected=f"{expression} = {expected}",
                    got=found,
                )
            found = codey.exec(f"print(repr({expression}))").strip()

    return wait


@pytest.fixture
def bench(board: BoardUnderTest) -> Bench:
    """The observer outside the program; a rig without one skips the test."""
    if board.board.rig.bench is None:
        pytest.skip("missing capability: bench")
    return board.board.rig.bench


@pytest.fixture
def witnessed(board: BoardUnderTest, bench: Bench) -> Witnessed:
    """Return what the bench has seen of a kind since the test began: ``witnessed("tone", 2)``.

    Waits until there are as many, and returns all that there are then.
    """

    def wait(what: str, count: int) -> list[BenchEvent]:
        deadline = Deadline.after(ANSWER_S)
        while True:
            # Whatever it has seen until now is told before it answers.
            bench.state(deadline)
            events = bench.events()
            found = [event for event in events if event.what == what]
            if len(found) >= count:
                return found
            if bench.wait_event(len(events), deadline) == len(events):
                raise ExpectationFailed(
                    f"the bench did not see it within {ANSWER_S:g} s",
                    on=board.name,
                    expected=f"{what}, {count} times",
                    got="\n".join(str(event) for event in found) or "nothing",
                )

    return wait
