"""The control socket's place: it is there only while somebody listens."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import pytest

from harness.virtual import place
from harness.virtual.control import ControlServer, remove_stale


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the control sockets, empty."""
    monkeypatch.setattr(place, "control_folder", lambda: tmp_path / "control")
    return place.make_control_folder()


def make_server() -> ControlServer:
    return ControlServer("/dev/null", lambda _verb, _request: None)


def leave_dead(path: Path) -> None:
    """Leave what a supervisor that was killed leaves."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))


def test_board_that_begins_to_listen_is_not_taken_for_a_dead_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listen = socket.socket.listen

    def while_another_board_starts(self: socket.socket) -> None:
        remove_stale(folder)
        assert not place.keep_if_answered(place.control_path("/dev/null"))
        listen(self)

    monkeypatch.setattr(socket.socket, "listen", while_another_board_starts)
    with contextlib.closing(make_server()) as server:
        assert place.keep_if_answered(server.path)
        assert list(folder.iterdir()) == [server.path]
    assert list(folder.iterdir()) == []


def test_socket_of_a_killed_board_is_replaced(folder: Path) -> None:
    path = place.control_path("/dev/null")
    leave_dead(path)
    with contextlib.closing(make_server()):
        assert place.keep_if_answered(path)


def test_socket_of_a_killed_board_is_removed_by_whoever_looks(folder: Path) -> None:
    path = folder / "dev-pts-1.sock"
    leave_dead(path)
    assert path.is_socket()
    assert not place.keep_if_answered(path)
    assert not path.exists()
    assert not place.keep_if_answered(path)


def test_board_that_has_got_the_name_of_a_dead_one_keeps_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place.control_path("/dev/null")
    leave_dead(path)
    connect = socket.socket.connect
    servers = []

    def while_another_board_takes_the_name(self: socket.socket, address: str) -> None:
        try:
            connect(self, address)
        finally:
            monkeypatch.setattr(socket.socket, "connect", connect)
            servers.append(make_server())

    monkeypatch.setattr(socket.socket, "connect", while_another_board_takes_the_name)
    assert not place.keep_if_answered(path)
    assert place.keep_if_answered(path)
    servers[0].close()
