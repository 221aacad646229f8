"""Programs on the board that misbehave: each command ends by its deadline and says how."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator

import pytest

from harness.board.profile import CODEY
from harness.deadline import Deadline
from harness.errors import LinkTimeout
from harness.lab.opened import OpenedBoard, open_board
from harness.link.spec import parse_specs
from harness.link.tap import Tap
from tests.virtual.fault.command import Commands, Running
from tests.virtual.fault.peer import Greeter

# One that catches KeyboardInterrupt is ended by two of them in a row; this one by none.
HANGS = "import micropython\nmicropython.kbd_intr(-1)\nprint('go')\nwhile True: pass"

BUSY = "print('go')\nwhile True: pass"
SLEEPS = "import time\nprint('go')\ntime.sleep(1000)"

ALL_BUT_04 = "bytes(b for b in range(256) if b != 4)"


@pytest.fixture
def board(hil: Commands) -> str:
    """A board that lives through several commands, as a specification."""
    _, port = hil.board("--bare")
    return f"port:{port}"


def code_of(hil: Commands, board: str, source: str, *options: str) -> Running:
    return hil.start("exec", "--file", "-", "--board", board, *options, stdin=source.encode())


def test_exception_is_told_with_its_place_and_ends_with_1(hil: Commands, board: str) -> None:
    done = code_of(hil, board, "print('before')\n1 / 0").wait()
    assert (done.code, done.out) == (1, "before\n")
    assert done.err == "<stdin>:2 in <module>\nZeroDivisionError: divide by zero\n"
    asked = code_of(hil, board, "print('before')\n1 / 0", "--json").wait()
    assert asked.code == 1
    assert asked.err == ""
    assert asked.json["output"] == "before\n"
    assert asked.json["error"]["type"] == "ZeroDivisionError"
    assert asked.json["error"]["message"] == "divide by zero"
    (frame,) = asked.json["error"]["traceback"]
    assert (frame["file"], frame["line"]) == ("<stdin>", 2)


def test_binary_output_comes_unchanged(hil: Commands, board: str) -> None:
    source = f"import sys\nn = sys.stdout.buffer.write({ALL_BUT_04})"
    running = code_of(hil, board, source)
    assert running.wait().code == 0
    assert running.out_data == bytes(b for b in range(256) if b != 4)
    asked = code_of(hil, board, source, "--json").wait()
    assert (asked.code, asked.err) == (0, "")
    assert asked.json["output"].encode()[:127] == bytes(b for b in range(128) if b != 4)


@pytest.mark.parametrize("options", [(), ("--plain",), ("--json",)], ids=str)
def test_program_that_prints_04_is_told_why_it_cannot_be_read(
    hil: Commands, board: str, options: tuple[str, ...]
) -> None:
    done = code_of(
        hil, board, "import sys\nn = sys.stdout.buffer.write(bytes(range(256)))", *options
    ).wait()
    assert done.code == 10
    assert "a program that prints the byte 04 ends its own output" in done.line
    assert code_of(hil, board, "print('again')").wait().out == "again\n"


def test_flood_ends_with_the_time_that_was_given(hil: Commands, board: str) -> None:
    running = code_of(hil, board, "while True: print('flood')", "--timeout", "1")
    done = running.wait(15)
    assert done.code == 10
    assert "the code did not end within 1 s and was interrupted" in done.line
    assert "; try: --timeout SECONDS gives it longer" in done.line
    assert set(done.out.splitlines()[:-1]) == {"flood"}
    asked = code_of(hil, board, "while True: print('flood')", "--timeout", "1", "--json").wait(15)
    assert (asked.code, asked.out) == (10, "")
    assert len(asked.line) < 500
    assert code_of(hil, board, "print('again')").wait().out == "again\n"


def test_program_that_ignores_ctrl_c_is_told(hil: Commands, board: str) -> None:
    # Together, because each waits its 5 s for the program to end.
    timed = code_of(hil, board, HANGS, "--timeout", "0.5")
    stopped = hil.start("exec", "--file", "-", stdin=HANGS.encode())
    stopped.until(lambda: stopped.out == "go\n")
    stopped.send(signal.SIGINT)
    done = timed.wait(15)
    assert done.code == 10
    assert "the code did not end within 0.5 s and ignores Ctrl-C: it still runs" in done.line
    assert "; try: reset the board" in done.line
    done = stopped.wait(15)
    assert done.code == 2
    assert "the code still runs: it ignores Ctrl-C; reset the board" in done.err


def test_hanging_program_costs_its_test_and_not_the_ones_behind_it(hil: Commands) -> None:
    name = hil.scenario(
        f"""
        HANGS = {HANGS!r}

        def test_hangs(board):
            board.start(HANGS).expect_text("go", 5)

        def test_next(board):
            board.exec("print(1)")
        """
    )
    done = hil.run("run", name, limit_s=45)
    assert done.code == 10
    assert done.verdicts == {"test_hangs": "blocked", "test_next": "pass"}
    assert done.seconds < 30
    # What brought it back, and what did not, is evidence.
    rungs = [
        (entry["name"], entry["ok"])
        for entry in done.journal
        if entry["kind"] == "step" and entry["name"].startswith("recovery: ")
    ]
    assert rungs == [
        ("recovery: interrupt", False),
        ("recovery: raw mode", False),
        ("recovery: soft reset", False),
        ("recovery: reset line", True),
    ]


def test_tests_that_meet_raising_flooding_and_binary_programs_go_on(hil: Commands) -> None:
    name = hil.scenario(
        """
        def test_raises(board):
            board.start("1 / 0").expect_text("never", 5)

        def test_floods(board):
            board.start("while True: print('flood')").expect_text("never", 1)

        def test_binary(board):
            board.start("import sys; sys.stdout.buffer.write(bytes(range(256)))").expect_end(5)

        def test_exits(board):
            board.exec("print(1)")
        """
    )
    done = hil.run("run", name)
    assert done.verdicts == {
        "test_raises": "fail",
        "test_floods": "fail",
        "test_binary": "blocked",
        "test_exits": "pass",
    }
    assert done.code == 1


def test_program_that_resets_the_board_is_over_and_the_board_can_be_used(
    hil: Commands, board: str
) -> None:
    done = code_of(hil, board, "import machine; machine.reset()", "--timeout", "0.5").wait(10)
    assert done.code == 10
    assert 'Type "help()" for more information.' in done.line
    assert code_of(hil, board, "print('again')").wait(5).out == "again\n"
    ended = code_of(hil, board, "raise SystemExit").wait(10)
    assert (ended.code, ended.line) == (1, "SystemExit: the program ended the interpreter")
    assert code_of(hil, board, "print('again')").wait(5).out == "again\n"


# Ctrl-C -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to_group", [True, False], ids=["group", "process"])
@pytest.mark.parametrize("options", [(), ("--plain",)], ids=["paste", "plain"])
@pytest.mark.parametrize("source", [BUSY, SLEEPS], ids=["busy", "sleep"])
def test_ctrl_c_ends_the_command_and_what_it_runs(
    hil: Commands, board: str, source: str, options: tuple[str, ...], to_group: bool
) -> None:
    running = code_of(hil, board, source, *options)
    running.until(lambda: running.out == "go\n")
    running.send(signal.SIGINT, to_group=to_group)
    done = running.wait(10)
    assert (done.code, done.err) == (2, "hil exec: interrupted\n")
    # The board is at its prompt, as a person expects to find it.
    assert code_of(hil, board, "print('again')").wait(5).out == "again\n"


@pytest.fixture
def opened(hil: Commands) -> Iterator[OpenedBoard]:
    _, port = hil.board()
    opened = open_board(parse_specs(f"port:{port}")[0], CODEY)
    yield opened
    opened.close()


@pytest.mark.parametrize("paste", [True, False], ids=["paste", "plain"])
def test_ctrl_c_ends_a_wait_for_a_message(
    opened: OpenedBoard, greeter: Greeter, paste: bool
) -> None:
    assert opened.board.rig.network is not None
    source = (
        "import network\nfrom mqtt import MQTTClient\n"
        "wlan = network.WLAN(network.STA_IF)\nwlan.active(True)\n"
        f"wlan.connect{opened.board.rig.network!r}\n"
        "while not wlan.isconnected(): pass\n"
        f"c = MQTTClient('x', '127.0.0.1', port={greeter.port})\nc.connect()\n"
        "print('go')\nc.wait_msg()"
    )
    program = opened.board.repl.start(source, Deadline.after(10), paste=paste)
    while b"go" not in program.output:
        program.read(Deadline.after(10))
    program.interrupt(Deadline.after(5))
    assert program.error is not None
    assert program.error.type_name == "KeyboardInterrupt"
    assert opened.board.exec("print(1)", Deadline.after(5)) == b"1\r\n"


@pytest.mark.parametrize(
    "source",
    [BUSY, SLEEPS, "import select\nprint('go')\nselect.poll().poll(1000000)"],
    ids=["busy", "sleep", "poll"],
)
def test_ctrl_c_ends_what_was_typed_at_the_friendly_prompt(
    opened: OpenedBoard, source: str
) -> None:
    repl = opened.board.repl
    repl.leave(Deadline.after(5))
    link = opened.opened.tap
    link.write(f"exec({source!r})\r".encode(), Deadline.after(5))
    read_until(link, b"go\r\n")
    link.write(b"\x03", Deadline.after(5))
    assert b"KeyboardInterrupt" in read_until(link, b">>> ")
    repl.enter(Deadline.after(5))
    assert repl.exec("print(1)", Deadline.after(5)) == b"1\r\n"


def read_until(link: Tap, end: bytes) -> bytes:
    received = b""
    deadline = Deadline.after(10)
    while end not in received:
        received += link.read(4096, deadline)
    return received


def test_output_that_comes_with_the_board_s_word_that_it_took_the_code_is_not_lost(
    opened: OpenedBoard,
) -> None:
    repl = opened.board.repl
    for number in range(30):
        program = repl.start(f"print({number})", Deadline.after(5))
        printed = b""
        while piece := program.read(Deadline.after(5)):
            printed += piece
        assert printed == program.output == f"{number}\r\n".encode()


def test_operation_of_a_board_that_floods_ends_by_its_deadline(opened: OpenedBoard) -> None:
    program = opened.board.start("while True: print('flood')", Deadline.after(5))
    deadline = Deadline.after(2.0)
    with pytest.raises(LinkTimeout):
        program.wait(Deadline.after(1.0))
    assert not deadline.is_expired
    program.interrupt(Deadline.after(10))
    assert json.loads(opened.board.exec("print(1)", Deadline.after(5))) == 1
