"""A throttled line in the real time of a real board: bounds are wide above, exact below."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from harness.deadline import Deadline
from harness.link.virtual import VirtualSettings

if TYPE_CHECKING:
    from tests.virtual.board.conftest import BareBoard, MakeBoard

BAUD = 115200
#: A loaded machine may be late by this factor; the line itself can never be early.
SLACK = 6.0


@pytest.fixture
def slow(make_board: MakeBoard) -> BareBoard:
    """Return a board on a throttled line, in the raw REPL."""
    board = make_board(VirtualSettings(baud=BAUD, latency_ms=1.0))
    board.enter_raw()
    board.control.ask("line", Deadline.after(5), forget=True)
    return board


def span_s(board: BareBoard) -> float:
    seen = board.control.ask("line", Deadline.after(5), forget=True)
    return float(seen["last_s"]) - float(seen["first_s"])


def test_bytes_take_their_time_both_ways(slow: BareBoard) -> None:
    size = 3000
    shortest_s = size * 10 / BAUD + 0.002
    started_s = time.monotonic()
    assert slow.run(f"x = {'7' * size!r}\nprint(len(x))") == f"{size}\n"
    down_s = span_s(slow)
    assert slow.run(f"print('y' * {size})") == "y" * size + "\n"
    up_s = span_s(slow)
    wall_s = time.monotonic() - started_s
    assert shortest_s < down_s < SLACK * shortest_s
    assert shortest_s < up_s < SLACK * shortest_s
    assert down_s + up_s < wall_s


def test_every_byte_value_crosses_unchanged(slow: BareBoard) -> None:
    code = (
        "import sys, micropython\nmicropython.kbd_intr(-1)\nsys.stdout.write('go')\n"
        "d = sys.stdin.buffer.read(512)\nmicropython.kbd_intr(3)\n"
        "print(d == bytes(range(256)) * 2)\nsys.stdout.buffer.write(bytes(range(5, 256)))"
    )
    slow.start(code)
    slow.line.read_until(b"go")
    slow.line.write(bytes(range(256)) * 2)
    slow.line.read_until(b"True\r\n")
    assert slow.line.read_until(b"\x04\x04>") == bytes(range(5, 256)) + b"\x04\x04>"


def test_latency_alone_delays_an_exchange(make_board: MakeBoard) -> None:
    board = make_board(VirtualSettings(latency_ms=30.0))
    board.enter_raw()
    board.control.ask("line", Deadline.after(5), forget=True)
    board.run("pass")
    assert span_s(board) >= 0.06


def test_flood_on_a_slow_line_is_interrupted_before_long(slow: BareBoard) -> None:
    slow.start("while True: print('flood' * 10)")
    slow.line.read_until(b"flood")
    slow.line.write(b"\x03")
    assert b"KeyboardInterrupt" in slow.line.read_until(b"\x04>")


def test_receive_buffer_of_a_busy_board_overruns(make_board: MakeBoard) -> None:
    """The control for flow control: who sends without it loses bytes, and it is counted."""
    board = make_board(VirtualSettings(uart_bytes=260))
    board.enter_raw()
    board.start(
        "import sys, time\nprint('busy')\ntime.sleep_ms(300)\n"
        "print(len(sys.stdin.buffer.read(260)))"
    )
    board.line.read_until(b"busy\r\n")
    board.line.write(b"x" * 400)
    assert board.finish() == ("260\r\n", "")
    assert board.control.ask("state", Deadline.after(5))["lost_input_bytes"] == 140


def test_power_cut_ends_what_the_board_was_sending(slow: BareBoard) -> None:
    slow.start("print('z' * 4000)\nprint('end')")
    slow.line.read_until(b"zzz")
    slow.control.power.off(Deadline.after(5))
    slow.control.power.on(Deadline.after(5))
    assert b"end" not in slow.line.read_until(b">>> ")
