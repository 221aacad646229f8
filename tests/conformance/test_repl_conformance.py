"""What code does on a board, as our REPL tells it and as mpremote tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.board.traceback import parse_traceback
from harness.deadline import Deadline
from harness.errors import DeviceException, LinkTimeout

if TYPE_CHECKING:
    from harness.board.board import Board
    from tests.conformance.conftest import Mpremote

#: Programs that end well: text, no line end, Unicode, nothing, bytes, a source far beyond a window.
PROGRAMS = {
    "text": "print('one')\nprint(6 * 7, 'two')",
    "no-line-end": "import sys\nsys.stdout.write('x')\nsys.stdout.write('y')\n",
    "unicode": "print('größer 温度 \\u20ac', '\"', \"'\", '\\\\')",
    "nothing": "",
    "comment": "# only this",
    "blank-lines": "\n\nx = 1\n\n\nprint(x)\n\n",
    "tabs": "for i in range(3):\n\tprint(i)\n",
    "bytes": "print(bytes(range(256)))",
    "control": "import sys\nsys.stdout.write('\\x01\\x02\\x03\\x05\\x1b[0m\\x7f')",
    "long-source": "total = 0\n" + "total += 1  # counts a line\n" * 400 + "print(total)",
    "long-line": "print(len('" + "z" * 3000 + "'))",
    "long-output": "for i in range(2000): print('line', i)",
}

RAISES = {
    "division": "1 / 0",
    "syntax": "x = 1\ny = (\n",
    "indentation": "if True:\nprint(1)",
    "os": "raise OSError(110)",
    "nested": "def f(x):\n    return g(x)\n\ndef g(x):\n    return x[1]\n\nf([0])\n",
    "own": "class MQTTException(Exception): pass\nraise MQTTException(5)",
    "message": "raise ValueError('first: part\\nsecond: part')",
    "no-message": "raise KeyError",
    "name": "print('before')\nprint(undefined)",
}


def soon() -> Deadline:
    """Return a deadline that only a hang misses."""
    return Deadline.after(30.0)


def lf(data: bytes) -> bytes:
    """Return bytes with the line ends of this machine."""
    return data.replace(b"\r\n", b"\n")


@pytest.mark.parametrize("paste", [True, False], ids=["paste", "plain"])
def test_programs_print_what_they_print_through_mpremote(
    board: Board, mpremote: Mpremote, paste: bool
) -> None:
    ours = [lf(board.repl.exec(source, soon(), paste=paste)) for source in PROGRAMS.values()]
    commands = [word for source in PROGRAMS.values() for word in ("exec", source or "#", "+")]
    theirs = mpremote(*commands[:-1])
    assert b"".join(ours) == theirs
    assert ours[list(PROGRAMS).index("long-source")] == b"400\n"


@pytest.mark.parametrize("source", RAISES.values(), ids=RAISES)
def test_program_raises_what_it_raises_through_mpremote(
    board: Board, mpremote: Mpremote, source: str
) -> None:
    with pytest.raises(DeviceException) as caught:
        board.repl.exec(source, soon())
    ours = caught.value
    said = mpremote("exec", source, code=1)
    theirs = parse_traceback(said[said.index(b"Traceback") :])
    assert (ours.type_name, ours.message) == (theirs.type_name, theirs.message)
    assert ours.frames == theirs.frames
    assert lf(ours.output) == said.partition(b"mpremote: ")[0].partition(b"Traceback")[0]


def test_state_of_the_interpreter_goes_over_to_mpremote_and_back(
    board: Board, mpremote: Mpremote
) -> None:
    board.repl.exec("kept = 38", soon())
    assert mpremote("exec", "print(kept); kept += 1") == b"38\n"
    assert board.repl.evaluate("kept", soon()) == 39


def test_value_comes_whole_though_the_board_could_not_hold_its_text(board: Board) -> None:
    board.repl.exec("kept = ['x' * 1000] * 400", soon())
    assert board.repl.evaluate("kept", soon()) == ["x" * 1000] * 400


def test_soft_reset_forgets_everything_for_both(board: Board, mpremote: Mpremote) -> None:
    board.repl.exec("kept = 38", soon())
    board.repl.soft_reset(soon())
    question = "print('kept' in globals())"
    assert lf(board.repl.exec(question, soon())) == mpremote("exec", question) == b"False\n"
    board.repl.exec("kept = 38", soon())
    mpremote("soft-reset")
    assert lf(board.repl.exec(question, soon())) == b"False\n"


@pytest.mark.parametrize("paste", [True, False], ids=["paste", "plain"])
@pytest.mark.parametrize(
    "source", ["while True: pass", "import time\ntime.sleep(3600)"], ids=["busy", "asleep"]
)
def test_interrupted_program_leaves_a_board_that_mpremote_can_use(
    board: Board, mpremote: Mpremote, source: str, paste: bool
) -> None:
    program = board.repl.start("print('begun')\n" + source, soon(), paste=paste)
    # Text and line end are two writes on the board.
    while not program.output.endswith(b"begun\r\n"):
        assert program.read(soon()), "it ended before it had begun"
    program.interrupt(soon())
    assert program.error is not None
    assert program.error.type_name == "KeyboardInterrupt"
    assert mpremote("exec", "print(1)") == b"1\n"


def test_program_that_mpremote_left_running_is_interrupted_by_enter(
    board: Board, mpremote: Mpremote
) -> None:
    mpremote("exec", "--no-follow", "print('runs')\nwhile True: pass")
    assert board.repl.is_idle
    assert lf(board.repl.exec("print(2)", soon())) == b"2\n"


def test_program_that_ends_the_interpreter_leaves_a_usable_board(
    board: Board, mpremote: Mpremote
) -> None:
    # A board answers sys.exit() with a soft reset in the place of the prompt. mpremote takes that
    # for a good end; a test must not.
    board.repl.exec("kept = 1", soon())
    with pytest.raises(DeviceException) as caught:
        board.repl.exec("import sys\nprint('bye')\nsys.exit(3)", soon())
    assert caught.value.type_name == "SystemExit"
    assert lf(caught.value.output) == b"bye\n"
    question = "print('kept' in globals())"
    assert lf(board.repl.exec(question, soon())) == mpremote("exec", question) == b"False\n"


def test_program_that_does_not_end_is_told_by_the_deadline(board: Board) -> None:
    with pytest.raises(LinkTimeout) as caught:
        board.repl.exec("print('step')\nwhile True: pass", Deadline.after(0.3))
    assert b"step" in caught.value.received
    board.repl.enter(soon())
    assert lf(board.repl.exec("print(3)", soon())) == b"3\n"


def test_identity_is_what_mpremote_reads(board: Board, mpremote: Mpremote) -> None:
    identity = board.identify(soon())
    code = (
        "import sys, machine, binascii\n"
        "print(binascii.hexlify(machine.unique_id()).decode())\n"
        "version = '.'.join(str(part) for part in sys.implementation[1] if part != '')\n"
        "print(sys.implementation[0], version)"
    )
    assert mpremote("exec", code).decode().splitlines() == [identity.id, identity.firmware]
