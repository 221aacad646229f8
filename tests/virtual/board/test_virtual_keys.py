"""Keys at the terminal of `hil virtual`, and what becomes of a terminal that a shell has too."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

from harness.cli.buttons import HOLD_S
from harness.deadline import Deadline
from harness.link.virtual import VirtualControl, find_control
from harness.scenario.input import SET_S
from tests.virtual.board.conftest import RAW_PROMPT, Line
from tests.virtual.board.screen import LIMIT_S, Screen

HIL = [sys.executable, "-m", "harness.cli", "virtual"]
#: What a key held down for two seconds makes of itself.
REPEATED = 60
#: Tells each button that goes down by a capital letter, and each that comes up by a small one.
BUTTONS = b"""
from machine import Pin
pins = {"a": Pin(2, Pin.IN), "b": Pin(12, Pin.IN), "c": Pin(27, Pin.IN)}
rest = {name: pin.value() for name, pin in pins.items()}
down = set()
print("watching")
while True:
    for name, pin in pins.items():
        if (pin.value() != rest[name]) != (name in down):
            down ^= {name}
            print(name.upper() if name in down else name, end="")
"""
#: A shell with job control, and a person's commands in it; it says when it has the terminal back.
SHELL = """
set -m
sh -c 'echo "command $$"; exec "$@"' sh "$@"
echo "stopped it"; read -r line; echo "the shell got $line"
bg
echo "goes on"; read -r line; read -r more; echo "the shell got $line, $more"
fg
echo "stopped again"; bg
echo "goes on again"; read -r line
kill %1
wait %1
echo "ended with $?"
"""


@contextlib.contextmanager
def at(screen: Screen, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command, or a shell that runs it, in a session of its own at a terminal."""
    with subprocess.Popen(
        command,
        stdin=screen.slave,
        stdout=screen.slave,
        stderr=screen.slave,
        start_new_session=True,
        preexec_fn=screen.take,  # noqa: PLW1509, this process has no thread that holds a lock
    ) as started:
        try:
            yield started
        finally:
            started.kill()


@contextlib.contextmanager
def killed(process: int) -> Iterator[None]:
    """Leave no process behind that a shell has started."""
    descriptor = os.pidfd_open(process)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        os.close(descriptor)


@contextlib.contextmanager
def watched(screen: Screen) -> Iterator[tuple[str, Line]]:
    """Start the program that tells the buttons on the board at the screen: its port and line."""
    port = screen.read_until(rb"/dev/pts/\d+").decode()
    screen.read_until(rb"keys a, b and c press its buttons")
    screen.read_until(rb"LED .* 0,0,0")
    with contextlib.closing(Line(port)) as line:
        line.write(b"\r\x03\x03\r\x01")
        line.read_until(RAW_PROMPT)
        line.write(BUTTONS + b"\x04")
        line.read_until(b"watching\r\n")
        yield port, line


def wait_for_echo(screen: Screen, deadline: Deadline, *, shown: bool = True) -> None:
    """Wait until the terminal shows what is typed, or does not."""
    while screen.echoes() != shown:
        assert not deadline.is_expired


def test_keys_at_the_terminal_press_the_boards_buttons(screen: Screen) -> None:
    with at(screen, *HIL, "--time-scale", "10") as command, watched(screen) as (_, line):
        assert not screen.echoes()
        for keys, told in ((b"a", b"Aa"), (b"xb", b"Bb"), (b"c", b"Cc")):
            screen.type(keys)
            assert line.read_until(told[1:]) == told
        screen.type(b"\x03")
        assert command.wait(LIMIT_S) == 0
        assert screen.echoes()


def test_key_held_down_is_not_saved_up(screen: Screen) -> None:
    with at(screen, *HIL) as command, watched(screen) as (_, line):
        screen.type(b"a" * REPEATED)
        assert line.read_until(b"a") == b"Aa"
        screen.type(b"b")
        assert line.read_until(b"b") == b"Bb"
        screen.type(b"\x03")
        assert command.wait(LIMIT_S) == 0


def test_ctrl_c_ends_at_once_whatever_was_typed(screen: Screen) -> None:
    with at(screen, *HIL) as command, watched(screen) as (_, line):
        screen.type(b"a" * REPEATED)
        line.read_until(b"A")
        screen.type(b"\x03")
        assert command.wait(REPEATED * HOLD_S / 2) == 0
        assert screen.echoes()


def test_terminal_is_given_back_before_the_board_has_ended(screen: Screen) -> None:
    with at(screen, *HIL) as command, watched(screen) as (port, line):
        path = find_control(port)
        assert path is not None
        with contextlib.closing(VirtualControl(path)) as control:
            supervisor = int(control.identity["pid"])
        screen.type(b"a")
        line.read_until(b"A")
        os.kill(supervisor, signal.SIGSTOP)
        try:
            screen.type(b"\x03")
            # The button cannot be let go, for which it is given SET_S.
            wait_for_echo(screen, Deadline.after(SET_S / 2))
            screen.type(b"\x03")
        finally:
            os.kill(supervisor, signal.SIGCONT)
        assert command.wait(LIMIT_S) == 0
        assert screen.echoes()


def test_shell_has_its_terminal_while_the_command_is_stopped_or_in_the_background(
    screen: Screen,
) -> None:
    with (
        at(screen, "sh", "-c", SHELL, "sh", *HIL) as shell,
        killed(int(screen.read_until(rb"command \d+").split()[1])),
        watched(screen) as (_, line),
    ):
        screen.type(b"\x1a")
        screen.read_until(rb"stopped it\r\n")
        assert screen.echoes()
        assert screen.has_cursor()
        screen.type(b"abc\n")
        screen.read_until(rb"the shell got abc\r\n")
        screen.read_until(rb"goes on\r\n")
        screen.type(b"cab\n")
        screen.type(b"bca\n")
        screen.read_until(rb"the shell got cab, bca\r\n")
        # In the foreground again, where the keys are the board's.
        wait_for_echo(screen, Deadline.after(LIMIT_S), shown=False)
        screen.type(b"c")
        assert line.read_until(b"c") == b"Cc"
        screen.type(b"\x1a")
        screen.read_until(rb"stopped again\r\n")
        screen.read_until(rb"goes on again\r\n")
        assert screen.echoes()
        screen.type(b"aaa\n")
        screen.read_until(rb"ended with 0\r\n")
        assert shell.wait(LIMIT_S) == 0
        assert screen.echoes()
