"""Opening serial ports: each reason with a real path, and the advice that comes with it."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.deadline import Deadline
from harness.errors import LinkLost, LinkOpenFailed
from harness.link import serial as serial_module
from harness.link.serial import (
    FoundPort,
    SerialPort,
    SerialSettings,
    advice_for_ports,
    check_path,
    quote_text,
)


@pytest.fixture
def pair() -> Iterator[tuple[int, str]]:
    """A pseudo-terminal: the descriptor of its far side and the path of its near side."""
    far, near = os.openpty()
    tty.setraw(near)
    yield far, os.ttyname(near)
    os.close(near)
    try:
        os.close(far)
    except OSError as error:
        # The test closed it itself.
        assert error.errno == errno.EBADF  # noqa: PT017


def failure(address: str) -> LinkOpenFailed:
    """Return the error that opening ends with."""
    with pytest.raises(LinkOpenFailed) as caught:
        SerialPort(address, SerialSettings())
    assert caught.value.on == address
    return caught.value


def test_absent_port_is_absent() -> None:
    error = failure("/dev/ttyNONE9")
    assert error.reason == "absent"
    assert error.tried == "there is no such port"
    assert "hil boards" in error.advice or "--board virtual" in error.advice


def test_port_below_a_file_is_absent_or_other(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert failure(str(tmp_path / "file" / "port")).reason == "other"


@pytest.mark.parametrize("kind", ["directory", "file", "null"])
def test_what_is_no_terminal_is_no_port(tmp_path: Path, kind: str) -> None:
    path = {"directory": tmp_path, "file": tmp_path / "file", "null": Path("/dev/null")}[kind]
    if kind == "file":
        path.write_text("text")
    error = failure(str(path))
    assert error.reason == "other"
    assert "no serial port" in error.tried or "cannot be opened" in error.tried


def test_port_that_another_holds_is_busy(pair: tuple[int, str]) -> None:
    _, path = pair
    holder = SerialPort(path, SerialSettings())
    try:
        error = failure(path)
    finally:
        holder.close()
    assert error.reason == "busy"
    assert error.advice == f"fuser -v {path}"
    again = SerialPort(path, SerialSettings())
    again.close()


def test_port_that_another_program_has_locked_is_busy(pair: tuple[int, str]) -> None:
    descriptor = os.open(pair[1], os.O_RDWR | os.O_NOCTTY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert failure(pair[1]).reason == "busy"
    finally:
        os.close(descriptor)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_port_without_permission_names_the_group(pair: tuple[int, str]) -> None:
    Path(pair[1]).chmod(0)
    error = failure(pair[1])
    assert error.reason == "permission"
    assert "usermod -aG dialout" in error.advice


def test_refusal_by_the_system_names_the_group(
    pair: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As root sees no refusal, the system's answer is put in its place.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(LinkOpenFailed) as caught:
        check_path(pair[1])
    assert caught.value.reason == "permission"
    assert "usermod -aG dialout" in caught.value.advice


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
def test_address_where_nobody_listens_is_refused(scheme: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        error = failure(f"{scheme}://127.0.0.1:{closed.getsockname()[1]}")
    assert error.reason == "refused"
    assert "\n" not in error.tried
    assert len(error.tried) < 200


def test_bytes_pass_unchanged_both_ways(pair: tuple[int, str]) -> None:
    far, path = pair
    port = SerialPort(path, SerialSettings())
    try:
        everything = bytes(range(256))
        port.write(everything, Deadline.after(5.0))
        sent = b""
        while len(sent) < 256:
            sent += os.read(far, 4096)
        os.write(far, everything)
        came = b""
        while len(came) < 256:
            came += port.read_some()
        assert (sent, came) == (everything, everything)
        assert port.name == path
    finally:
        port.close()


def test_port_whose_far_side_goes_is_lost(pair: tuple[int, str]) -> None:
    far, path = pair
    port = SerialPort(path, SerialSettings())
    os.close(far)
    try:
        with pytest.raises(LinkLost) as caught:
            port.read_some()
        assert caught.value.on == path
        assert "hil boards" in caught.value.advice
    finally:
        port.close()
        port.close()


def test_advice_lists_the_ports_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [FoundPort(path, "", "", "", "") for path in ("/dev/ttyUSB0", "/dev/ttyUSB1")]
    monkeypatch.setattr(serial_module, "find_ports", lambda: found)
    assert advice_for_ports() == "one of /dev/ttyUSB0, /dev/ttyUSB1; hil boards tells more"
    monkeypatch.setattr(serial_module, "find_ports", list)
    assert "--board virtual" in advice_for_ports()


def test_quoted_text_is_one_short_line() -> None:
    assert quote_text(" a\n  b\t") == "a b"
    long = quote_text("x" * 500)
    assert len(long) == 120
    assert long.endswith("...")


def test_what_has_come_over_tcp_is_read_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, number = server.getsockname()
        port = SerialPort(f"socket://{host}:{number}", SerialSettings(dtr=None, rts=None))
        with server.accept()[0] as board:
            board.sendall(bytes(range(250)) * 4)
            board.shutdown(socket.SHUT_WR)
            read = [port.read_some()]
            while sum(map(len, read)) < 1000:
                read.append(port.read_some())
            with pytest.raises(LinkLost):
                port.read_some()
        port.close()
    assert b"".join(read) == bytes(range(250)) * 4
    # One would do; the end of what was sent may come in a packet of its own.
    assert len(read) < 10
