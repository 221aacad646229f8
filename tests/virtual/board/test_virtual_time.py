"""Board time that passes faster while a program waits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from harness.link.virtual import VirtualSettings
from tests.virtual.board.conftest import RAW_PROMPT, soon

if TYPE_CHECKING:
    from tests.virtual.board.conftest import BareBoard, MakeBoard

SCALE = 20
MEASURE = """
import time, select, socket
from machine import Timer
def took(wait):
    start = time.ticks_ms()
    wait()
    return time.ticks_diff(time.ticks_ms(), start)
"""


@pytest.fixture
def fast(make_board: MakeBoard) -> BareBoard:
    """Return a board whose time passes faster, in the raw REPL."""
    board = make_board(VirtualSettings(time_scale=SCALE))
    board.enter_raw()
    board.run(MEASURE)
    return board


@pytest.mark.parametrize(
    "wait",
    [
        pytest.param("time.sleep(2)", id="sleep"),
        pytest.param("time.sleep_ms(2000)", id="sleep_ms"),
        pytest.param("[time.sleep_ms(10) for i in range(200)]", id="short sleeps"),
        pytest.param("time.sleep_us(2000000)", id="sleep_us"),
    ],
)
def test_sleep_takes_its_time_on_the_board_and_less_on_the_host(fast: BareBoard, wait: str) -> None:
    began_s = time.monotonic()
    board_ms = int(fast.run(f"print(took(lambda: {wait}))"))
    host_s = time.monotonic() - began_s
    assert 2000 <= board_ms < 2500
    assert host_s < 1.5


@pytest.mark.parametrize("scale", [1, 10])
def test_what_a_program_computes_is_not_made_longer(make_board: MakeBoard, scale: int) -> None:
    board = make_board(VirtualSettings(time_scale=scale))
    board.enter_raw()
    began_s = time.monotonic()
    board_ms = int(board.run(MEASURE + "print(took(lambda: sum(range(40000))))"))
    assert board_ms <= (time.monotonic() - began_s) * 1000 + 1


def test_time_outs_of_poll_and_sockets_are_the_boards(fast: BareBoard) -> None:
    began_s = time.monotonic()
    output = fast.run(
        "s = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.listen(1)\ns.settimeout(2)\n"
        "p = select.poll()\np.register(s, select.POLLIN)\n"
        "def accept():\n    try:\n        s.accept()\n    except OSError as error:\n"
        "        print(error.errno)\n"
        "print(took(lambda: p.poll(2000)))\nprint(took(accept))"
    )
    poll_ms, error, accept_ms = (int(line) for line in output.splitlines())
    assert time.monotonic() - began_s < 3
    assert error == 110
    # By the host's milliseconds, each of which is 20 of the board's.
    assert 2000 <= poll_ms < 4000
    assert 2000 <= accept_ms < 4000


def test_timers_fire_in_the_boards_time(fast: BareBoard) -> None:
    output = fast.run(
        "fired = []\nt = Timer(0)\n"
        "def note(t):\n    fired.append(time.ticks_ms())\n"
        "t.init(period=100, mode=Timer.PERIODIC, callback=note)\n"
        "time.sleep_ms(1050)\nt.deinit()\n"
        "print(len(fired), fired[-1] - fired[0])"
    )
    count, span_ms = (int(part) for part in output.split())
    # A host that is held up may swallow a period, or be late with the end of the sleep.
    assert count >= 5
    assert span_ms >= (count - 2) * 100


def test_clock_is_never_set_back(fast: BareBoard) -> None:
    output = fast.run(
        "last = [0]\nback = fired = 0\nt = Timer(0)\n"
        "def note(t):\n    global fired, back\n    fired += 1\n"
        "    now = time.ticks_us()\n    back += now < last[0]\n    last[0] = now\n"
        "t.init(period=7, mode=Timer.PERIODIC, callback=note)\n"
        "for wait in (time.sleep_us, time.sleep_ms) * 60:\n"
        "    wait(900 if wait is time.sleep_us else 30)\n"
        # Read before the clock: the timer may come between the two.
        "    before = last[0]\n    back += time.ticks_us() < before\n"
        "t.deinit()\nprint(back, fired > 20)"
    )
    assert output == "0 True\n"


def told_us(board: BareBoard) -> tuple[int, int]:
    """Return the board's time, and what its own clock says, as the observer tells them."""
    state = board.control.bench.state(soon())
    return state.board_us, state.up_us


def test_boards_time_is_told_and_goes_on_over_resets(fast: BareBoard) -> None:
    first_us, _ = told_us(fast)
    began_s = time.monotonic()
    fast.run("time.sleep(40)")
    slept_us, _ = told_us(fast)
    host_us = (time.monotonic() - began_s) * 1e6
    assert 40e6 <= slept_us - first_us <= 40e6 + host_us
    fast.line.write(b"\x04")
    fast.line.read_until(RAW_PROMPT)
    ticks_ms = int(fast.run("import time\nprint(time.ticks_ms())"))
    board_us, up_us = told_us(fast)
    assert 0 <= up_us // 1000 - ticks_ms < 10_000
    assert board_us > slept_us
    assert ticks_ms > 40_000, "a soft reset sets no clock back"
    fast.control.lines.hard_reset(soon())
    fast.enter_raw()
    ticks_ms = int(fast.run("import time\nprint(time.ticks_ms())"))
    later_us, up_us = told_us(fast)
    assert later_us > board_us
    assert 0 <= up_us // 1000 - ticks_ms < 10_000
    assert ticks_ms < 30_000


def test_changes_of_panel_and_led_are_told_in_the_boards_time(fast: BareBoard) -> None:
    fast.run(
        "from machine import Pin, PWM\ngreen = PWM(Pin(21), freq=1000, duty=0)\n"
        "for duty in (1020, 40):\n    green.duty(duty)\n    time.sleep(2)\n"
    )
    fast.control.bench.state(soon())
    on, off = [event for event in fast.control.events() if event.what == "led"]
    assert 2e6 <= off.board_us - on.board_us < 2.5e6
    assert off.at_s - on.at_s < 1.0


def test_sleep_us_is_exact_at_real_speed(bare: BareBoard) -> None:
    output = bare.run(
        "import time\nfound = []\nfor i in range(50):\n    start = time.ticks_us()\n"
        "    time.sleep_us(560)\n    found.append(time.ticks_us() - start)\n"
        "found.sort()\nprint(found[0], found[25])"
    )
    least, median = (int(part) for part in output.split())
    assert least >= 560
    assert median < 620


def test_identity_tells_the_scale(fast: BareBoard) -> None:
    assert fast.control.time_scale == SCALE
    assert fast.control.ask("identity", soon())["time_scale"] == SCALE
