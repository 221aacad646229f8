"""Ports that cannot be used: told at once, in one line; or by the deadline, with what came."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import subprocess
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.board.profile import CODEY
from harness.deadline import Deadline
from harness.errors import LinkTimeout
from harness.lab.opened import open_board
from harness.link.spec import parse_specs
from tests.virtual.fault.command import Commands, Running
from tests.virtual.fault.peer import Peer, Relay, echo, silence

#: "In under 0.6 s" holds on a quiet machine; this is for one that is busy with other things.
AT_ONCE_S = 3.0

NOBODY = 65534

GARBAGE = random.Random(38).randbytes(60_000)  # noqa: S311 (any bytes will do)

COMMANDS = [
    ("exec", "1"),
    ("snapshot",),
    ("deploy",),
    ("repl",),
    ("run",),
    ("play", "program.py"),
]

# What a hint must never say to somebody whose board only sits on another port.
DESTRUCTIVE = ("erase", "flash ", "format", "rm ", "chmod", "kill")


@pytest.fixture
def port() -> Iterator[str]:
    master, slave = os.openpty()
    tty.setraw(slave)
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
def test_absent_port_is_told_at_once_in_one_line(
    hil: Commands, command: tuple[str, ...], record_property: Callable[[str, object], None]
) -> None:
    (hil.folder / "program.py").write_text("print(1)\n", encoding="utf-8")
    done = hil.run(*command, "--board", "port:/dev/ttyNOWHERE")
    record_property("seconds", round(done.seconds, 3))
    assert done.code == 10
    assert done.line.startswith(f"hil {command[0]}: /dev/ttyNOWHERE: there is no such port; try: ")
    assert "hil boards" in done.line or "--board virtual" in done.line
    assert not any(word in done.line for word in DESTRUCTIVE)
    assert done.seconds < AT_ONCE_S
    assert done.out == ""


@pytest.mark.parametrize("spec", ["usb:99-9.9", "id:no-such-serial-number"])
def test_absent_usb_device_is_told_at_once_in_one_line(hil: Commands, spec: str) -> None:
    done = hil.run("exec", "1", "--board", spec)
    assert done.code == 10
    assert done.line.startswith(f"hil exec: {spec}: no port on USB matches; try: ")
    assert done.seconds < AT_ONCE_S


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/dev/null", "this is no serial port"),
        ("/dev", "this is no serial port; expected a character device; got a directory"),
        (__file__, "this is no serial port; expected a character device; got a file"),
    ],
)
def test_path_that_is_no_port_is_told_at_once(hil: Commands, path: str, said: str) -> None:
    done = hil.run("exec", "1", "--board", f"port:{path}")
    assert done.code == 10
    assert done.line.startswith(f"hil exec: {path}: {said}")
    assert done.seconds < AT_ONCE_S


def test_port_that_another_program_holds_is_busy(hil: Commands, port: str) -> None:
    descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
    # As pyserial does with exclusive=True, and mpremote through it.
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    done = hil.run("exec", "1", "--board", f"port:{port}")
    os.close(descriptor)
    assert done.code == 11
    assert done.line.startswith(
        f"hil exec: {port}: another program holds the port; got pid {os.getpid()} ("
    )
    assert done.line.endswith(f"; try: fuser -v {port}")
    assert done.seconds < AT_ONCE_S


def test_run_on_a_busy_port_ends_with_the_code_for_it(hil: Commands, port: str) -> None:
    descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    name = hil.scenario("def test_one(board): board.exec('print(1)')")
    done = hil.run("run", name, "--board", f"port:{port}")
    os.close(descriptor)
    assert done.code == 11
    assert done.verdicts == {"test_one": "blocked"}
    assert "another program holds the port" in done.out


def test_port_in_exclusive_mode_is_busy(hil: Commands, port: str) -> None:
    # TIOCEXCL, as mpremote and others set it, keeps out everybody but root.
    Path(port).chmod(0o666)
    descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
    fcntl.ioctl(descriptor, termios.TIOCEXCL)
    done = hil.run("exec", "1", "--board", f"port:{port}", before=not_root())
    os.close(descriptor)
    assert done.code == 11
    assert "another program holds the port" in done.line


def test_port_without_permission_is_told_with_the_command_that_gives_it(
    hil: Commands, port: str
) -> None:
    Path(port).chmod(0)
    done = hil.run("exec", "1", "--board", f"port:{port}", before=not_root())
    assert done.code == 10
    assert done.line == (
        f"hil exec: {port}: no permission to open the port; "
        "try: sudo usermod -aG dialout $USER, then log in again"
    )
    assert done.seconds < AT_ONCE_S


def not_root() -> tuple[str, ...]:
    """Return what makes a command run as somebody else than root.

    The right to read all files stays, so that it can run a Python that lies in root's home.
    """
    if os.geteuid() != 0:
        return ()
    user = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    command = (*user, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    if subprocess.run([*command, sys.executable, "-c", ""], check=False).returncode != 0:
        pytest.skip("root cannot become somebody else here")
    return command


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
def test_address_where_nobody_listens_is_told_at_once(hil: Commands, scheme: str) -> None:
    with socket.socket() as taken:
        # Bound and not listening: nobody else can take it, and connections are refused.
        taken.bind(("127.0.0.1", 0))
        address = f"{scheme}://127.0.0.1:{taken.getsockname()[1]}"
        done = hil.run("exec", "1", "--board", address)
    assert done.code == 10
    assert done.line.startswith(f"hil exec: {address}: nothing answers there (")
    assert "Connection refused" in done.line
    assert done.seconds < AT_ONCE_S


def test_ports_that_are_no_board_are_told_by_their_deadline(
    hil: Commands, make_peer: Callable[..., Peer]
) -> None:
    # Together, because each command waits its 15 s for a board that boots.
    peers = {
        "the port is silent": make_peer(silence),
        "the port echoes what is sent": make_peer(echo),
        "the board does not answer as a MicroPython REPL": make_peer(silence, GARBAGE),
    }
    running: list[tuple[str, Peer, Running]] = [
        (said, peer, hil.start("exec", "1", "--json", "--board", f"port:{peer.path}"))
        for said, peer in peers.items()
    ]
    for said, peer, command in running:
        done = command.wait()
        assert done.code == 10
        assert done.line.startswith(f"hil exec: {peer.path}: {said}: no raw prompt within 15 s; ")
        assert "expected b'raw REPL; CTRL-B to exit'; got " in done.line
        assert "; try: " in done.line
        assert len(done.line) < 1000
        assert done.seconds < 20
        assert done.out == ""


@pytest.mark.parametrize(
    "unasked",
    [b"", b"hello world\r\n" * 100, b"\x04" * 50, GARBAGE],
    ids=["silent", "text", "04", "garbage"],
)
def test_opening_what_is_no_board_takes_no_longer_than_it_may(
    make_peer: Callable[..., Peer], unasked: bytes
) -> None:
    peer = make_peer(silence, unasked)
    deadline = Deadline.after(1.0 + 1.0)
    with pytest.raises(LinkTimeout) as caught:
        open_board(parse_specs(f"port:{peer.path}")[0], CODEY, timeout_s=1.0)
    assert not deadline.is_expired
    assert all(caught.value.parts().values())
    # The port was given back.
    descriptor = os.open(peer.path, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)


def test_board_behind_a_serial_server_is_used_as_any_other(hil: Commands) -> None:
    _, port = hil.board()
    relay = Relay(port)
    done = hil.run("exec", "print(6 * 7)", "--board", relay.spec)
    relay.close()
    assert (done.code, done.out, done.err) == (0, "42\n", "")
