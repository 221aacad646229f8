"""The calls that end scripts: the one that calls, the others, all."""

from __future__ import annotations

import pytest

from harness.scenario.dut import BoardUnderTest

#: Two handlers that say when they begin, when they are over, and whether they came to their end.
HANDLERS = """
import codey, event, time
def work(name, then=None):
    print(name, "begins")
    try:
        if then:
            then()
        time.sleep(0.3)
        print(name, "ends")
    finally:
        print(name, "over")
@event.received("first")
def first():
    work("first")
@event.received("second")
def second():
    work("second", codey.%s)
codey.broadcast("first")
time.sleep(0.05)
codey.broadcast("second")
time.sleep(0.6)
print("main")
"""


@pytest.fixture
def fresh(board: BoardUnderTest) -> BoardUnderTest:
    """The board with no handler of anybody else."""
    board.reset()
    return board


@pytest.mark.requirement("CODEY-SCRIPT-01")
@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            "stop_this_script",
            ["first begins", "second begins", "second over", "first ends", "first over", "main"],
        ),
        (
            "stop_other_scripts",
            ["first begins", "second begins", "first over", "second ends", "second over", "main"],
        ),
        (
            "stop_all_scripts",
            ["first begins", "second begins", "second over", "first over", "main"],
        ),
    ],
)
def test_handler_ends_itself_the_others_or_all(
    fresh: BoardUnderTest, call: str, said: list[str]
) -> None:
    assert fresh.exec(HANDLERS % call).splitlines() == said


@pytest.mark.requirement("CODEY-SCRIPT-01")
def test_main_program_ends_itself(fresh: BoardUnderTest) -> None:
    fresh.exec_raises("import codey\ncodey.stop_this_script()\nprint('goes on')", "Stopped")


@pytest.mark.requirement("CODEY-SCRIPT-01")
def test_main_program_goes_on_when_it_ends_the_others(fresh: BoardUnderTest) -> None:
    said = fresh.exec(
        "import codey, event, time\n"
        "@event.received('go')\ndef handler():\n    print('begins')\n    time.sleep(0.3)\n"
        "    print('ends')\n"
        "codey.broadcast('go')\ntime.sleep(0.05)\ncodey.stop_other_scripts()\ntime.sleep(0.4)\n"
        "codey.broadcast('go')\ntime.sleep(0.6)\nprint('main')"
    )
    # Its event starts it again.
    assert said.splitlines() == ["begins", "begins", "ends", "main"]
