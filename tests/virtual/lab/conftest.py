"""Commands to start, as in the tests of faults, and virtual boards to point them at."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from harness.deadline import Deadline
from harness.link.virtual import VirtualProcess, VirtualSettings, start_virtual
from tests.virtual.fault.conftest import hil, make_peer

__all__ = ["hil", "make_board", "make_peer"]


@pytest.fixture
def make_board() -> Iterator[Callable[[], VirtualProcess]]:
    """Return a function that starts a virtual board with nothing on its flash."""
    with contextlib.ExitStack() as resources:

        def make() -> VirtualProcess:
            board = start_virtual(VirtualSettings(), Deadline.after(20.0))
            resources.callback(board.close)
            return board

        yield make
