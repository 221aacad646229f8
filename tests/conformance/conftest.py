"""One board for each kind of link, and mpremote on the same port, unmodified, as the oracle.

``--hil-board port:/dev/ttyUSB0`` (any form) adds that board to the suite.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from harness.board.board import Board
from harness.board.profile import CODEY
from harness.deadline import Deadline
from harness.lab.opened import OpenedBoard, open_board
from harness.link.spec import BoardSpec, parse_specs
from tests.conformance.network_port import find_ser2net, served

LIMIT_S = 60.0

#: A board that the supervisor's library starts, the port of a ``hil virtual`` that runs beside, and
#: that port in the network, with control of its lines and without.
LINKS = ("virtual", "hil-virtual", "rfc2217", "socket")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the suite on each kind of link to a virtual board and on what ``--hil-board`` names."""
    if "opened" in metafunc.fixturenames:
        named = metafunc.config.getoption("--hil-board")
        links = [*LINKS, *(spec.text for spec in parse_specs(named))] if named else LINKS
        metafunc.parametrize("opened", list(dict.fromkeys(links)), indirect=True, scope="session")


@contextlib.contextmanager
def hil_virtual() -> Iterator[str]:
    """Run ``hil virtual`` beside the test and give its port."""
    command = [sys.executable, "-m", "harness.cli", "virtual", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            yield json.loads(child.stdout.readline())["port"]
        finally:
            child.terminate()
            child.wait(LIMIT_S)


@pytest.fixture(scope="session")
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenedBoard]:
    """An open board on the link that the parameter names."""
    with contextlib.ExitStack() as resources:
        if request.param == "hil-virtual":
            port = resources.enter_context(hil_virtual())
            spec = BoardSpec("port", port, f"port:{port}")
        elif request.param in ("rfc2217", "socket"):
            find_ser2net()
            port = resources.enter_context(hil_virtual())
            served_port = resources.enter_context(served(port, tmp_path_factory.mktemp("ser2net")))
            (spec,) = parse_specs(getattr(served_port, request.param))
        else:
            (spec,) = parse_specs(request.param)
        opened = open_board(spec, CODEY)
        resources.callback(opened.close)
        yield opened


@pytest.fixture
def board(opened: OpenedBoard) -> Board:
    """The board with a fresh interpreter and none of an earlier test's files."""
    board = opened.board
    board.reset(Deadline.after(LIMIT_S))
    left = board.files.list("/", Deadline.after(LIMIT_S))
    ours = [f"/{name}" for name, is_folder, _ in left if name.startswith("conf_") and not is_folder]
    board.files.remove(ours, Deadline.after(LIMIT_S))
    return board


class Mpremote:
    """mpremote on the board's port, which is lent to it and taken back."""

    def __init__(self, opened: OpenedBoard) -> None:
        self._opened = opened

    def __call__(self, *arguments: str, code: int = 0) -> bytes:
        """Run a command of mpremote without a reset; return both outputs with LF line ends."""
        board, tap = self._opened.board, self._opened.opened.tap
        board.repl.leave(Deadline.after(LIMIT_S))
        with tap.lent():
            done = subprocess.run(
                [sys.executable, "-m", "mpremote", "connect", tap.name, "resume", *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=LIMIT_S,
                check=False,
            )
        board.repl.enter(Deadline.after(LIMIT_S))
        assert done.returncode == code, done.stdout
        return done.stdout.replace(b"\r\n", b"\n")


@pytest.fixture
def mpremote(opened: OpenedBoard) -> Mpremote:
    """The oracle."""
    return Mpremote(opened)
