"""`hil virtual`, as a user and as a program starts it."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from harness.deadline import Deadline
from harness.link.virtual import VirtualControl, find_control

HIL = [sys.executable, "-m", "harness.cli", "virtual"]
LIMIT_S = 20.0
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


def test_command_on_a_terminal_draws_panel_and_led() -> None:
    master, slave = pty.openpty()
    received = b""

    def read_until(pattern: bytes) -> bytes:
        nonlocal received
        deadline = Deadline.after(LIMIT_S)
        while not (found := re.search(pattern, received)):
            ready, _, _ = select.select([master], [], [], deadline.remaining_s)
            assert ready, f"waited for {pattern!r}, got {received[-2000:]!r}"
            received += os.read(master, 65536)
        return found[0]

    with subprocess.Popen(HIL, stdout=slave, stderr=slave) as command:
        try:
            port = read_until(rb"/dev/pts/\d+").decode()
            read_until(rb"LED .* 0,0,0")
            line = os.open(port, os.O_RDWR | os.O_NOCTTY)
            os.write(line, PANEL)
            read_until(rb"LED .* 0,0,255")
            os.close(line)
            command.send_signal(signal.SIGINT)
            assert command.wait(LIMIT_S) == 0
        finally:
            command.kill()
            os.close(master)
            os.close(slave)


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
