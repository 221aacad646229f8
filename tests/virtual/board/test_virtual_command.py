"""`hil virtual`, as a user and as a program starts it."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator

import pytest

from harness.deadline import Deadline
from harness.link.virtual import VirtualControl, find_control
from tests.virtual.board.conftest import RAW_PROMPT, Line

HIL = [sys.executable, "-m", "harness.cli", "virtual"]
LIMIT_S = 20.0
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
PANEL = b"from machine import PWM, Pin\rled = PWM(Pin(4), freq=5000, duty=1020)\r"


def supervisor_of(port: str) -> int | None:
    """Return the process behind a port, None when nobody answers there."""
    path = find_control(port)
    if path is None:
        return None
    control = VirtualControl(path)
    control.close()
    return int(control.identity["pid"])


@pytest.fixture
def json_board() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Return `hil virtual --json` and the port that it printed."""
    with subprocess.Popen([*HIL, "--json"], stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        answer = json.loads(command.stdout.readline())
        assert set(answer) == {"port", "id"}
        yield command, answer["port"]
        command.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_ends_in_order_on_a_signal(
    json_board: tuple[subprocess.Popen[str], str], number: signal.Signals
) -> None:
    command, port = json_board
    supervisor = supervisor_of(port)
    command.send_signal(number)
    output, _ = command.communicate(timeout=LIMIT_S)
    assert (command.returncode, output) == (0, "")
    # Another board may have its number by now.
    assert supervisor_of(port) != supervisor


def test_command_started_in_a_shells_background_ends_on_sigint() -> None:
    line = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *HIL, "--json"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        assert json.loads(command.stdout.readline())["port"]
        command.send_signal(signal.SIGINT)
        assert command.wait(LIMIT_S) == 0


def test_command_killed_takes_the_board_along(
    json_board: tuple[subprocess.Popen[str], str],
) -> None:
    command, port = json_board
    supervisor = supervisor_of(port)
    assert supervisor is not None
    descriptor = os.pidfd_open(supervisor)
    command.kill()
    ready, _, _ = select.select([descriptor], [], [], LIMIT_S)
    os.close(descriptor)
    assert ready


def test_command_without_terminal_prints_lines() -> None:
    with subprocess.Popen([*HIL, "--name", "one"], stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        first = command.stdout.readline()
        assert re.fullmatch(r"virtual board [0-9a-f]{12} at /dev/pts/\d+\n", first)
        command.send_signal(signal.SIGINT)
        assert "mpremote connect" in command.stdout.read()
    assert command.returncode == 0


class Screen:
    """A terminal, from the side of the person at it."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        self._received = b""

    def read_until(self, pattern: bytes) -> bytes:
        """Return the first match in all that has come so far, waiting for it."""
        deadline = Deadline.after(LIMIT_S)
        while not (found := re.search(pattern, self._received)):
            ready, _, _ = select.select([self.master], [], [], deadline.remaining_s)
            assert ready, f"waited for {pattern!r}, got {self._received[-2000:]!r}"
            self._received += os.read(self.master, 65536)
        return found[0]

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.master, keys)

    def take(self) -> None:
        """Be the terminal of the session that the calling process has just begun."""
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def echoes(self) -> bool:
        """Whether it shows what is typed, as a shell needs it."""
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def close(self) -> None:
        """Give both ends back."""
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def screen() -> Iterator[Screen]:
    """Return a terminal."""
    made = Screen()
    yield made
    made.close()


def test_command_on_a_terminal_draws_panel_and_led(screen: Screen) -> None:
    with subprocess.Popen(HIL, stdout=screen.slave, stderr=screen.slave) as command:
        try:
            port = screen.read_until(rb"/dev/pts/\d+").decode()
            screen.read_until(rb"LED .* 0,0,0")
            line = os.open(port, os.O_RDWR | os.O_NOCTTY)
            os.write(line, PANEL)
            screen.read_until(rb"LED .* 0,0,255")
            os.close(line)
            command.send_signal(signal.SIGINT)
            assert command.wait(LIMIT_S) == 0
        finally:
            command.kill()


def test_keys_at_the_terminal_press_the_boards_buttons(screen: Screen) -> None:
    with subprocess.Popen(
        [*HIL, "--time-scale", "10"],
        stdin=screen.slave,
        stdout=screen.slave,
        stderr=screen.slave,
        start_new_session=True,
        preexec_fn=screen.take,  # noqa: PLW1509, this process has no thread that holds a lock
    ) as command:
        try:
            port = screen.read_until(rb"/dev/pts/\d+").decode()
            screen.read_until(rb"keys a, b and c press its buttons")
            screen.read_until(rb"LED .* 0,0,0")
            assert not screen.echoes()
            line = Line(port)
            line.write(b"\r\x03\x03\r\x01")
            line.read_until(RAW_PROMPT)
            line.write(BUTTONS + b"\x04")
            line.read_until(b"watching\r\n")
            for keys, told in ((b"a", b"Aa"), (b"xb", b"Bb"), (b"c", b"Cc")):
                screen.type(keys)
                assert line.read_until(told[1:]) == told
            line.close()
            screen.type(b"\x03")
            assert command.wait(LIMIT_S) == 0
            assert screen.echoes()
        finally:
            command.kill()


def test_command_with_a_flash_that_cannot_be_made_says_so() -> None:
    done = subprocess.run(
        [*HIL, "--flash", "/nowhere/board.img"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 4
    assert done.stderr.startswith("hil virtual: virtual, /nowhere/board.img: the image")
    assert done.stderr.count("\n") == 1


def test_command_gives_the_line_its_speed_and_refuses_an_odd_one() -> None:
    options = ["--json", "--bare", "--baud", "9600", "--latency", "5", "--packet", "4"]
    with subprocess.Popen([*HIL, *options], stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        port = json.loads(command.stdout.readline())["port"]
        path = find_control(port)
        assert path is not None
        control = VirtualControl(path)
        deadline = Deadline.after(LIMIT_S)
        # What it says at its boot, some hundred bytes, takes a tenth of a second at this speed.
        while (seen := control.ask("line", deadline, forget=False))["is_busy"] or (
            seen["up_bytes"] == 0
        ):
            assert not deadline.is_expired
        control.close()
        command.terminate()
    assert seen["last_s"] - seen["first_s"] > seen["up_bytes"] * 10 / 9600
    done = subprocess.run(
        [*HIL, "--baud", "1"], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 4
    assert "the setting baud of a virtual board cannot be used" in done.stderr


def test_faults_are_told_with_their_seed_and_hit_a_board_that_has_its_code() -> None:
    words = ["--json", "--fault", "boot-noise=10,no-deflate"]
    with subprocess.Popen([*HIL, *words], stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        answer = json.loads(command.stdout.readline())
        assert re.fullmatch(r"boot-noise=10,seed=[1-9][0-9]*,no-deflate", answer["fault"])
        path = find_control(answer["port"])
        assert path is not None
        control = VirtualControl(path)
        assert control.identity["fault"] == answer["fault"]
        control.close()
        command.send_signal(signal.SIGINT)
        command.communicate(timeout=LIMIT_S)


def test_unknown_fault_is_bad_usage() -> None:
    done = subprocess.run([*HIL, "--fault", "bogus"], capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr.startswith("hil virtual: bogus: the fault of a virtual board cannot be used")
