"""Commands to start, as in the tests of faults, and labs of virtual boards for them."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.virtual.fault.command import Commands
from tests.virtual.fault.peer import Answer, Peer


@pytest.fixture
def hil(tmp_path: Path) -> Iterator[Commands]:
    """Start `hil` commands in an empty folder; afterwards nothing of them may be left."""
    with tempfile.TemporaryDirectory(prefix="hil-test-") as temporary:
        commands = Commands(tmp_path, Path(temporary))
        yield commands
        commands.close()


@pytest.fixture
def make_peer() -> Iterator[Callable[..., Peer]]:
    """Return a function that makes ports whose other end the test plays."""
    with contextlib.ExitStack() as resources:

        def make(answer: Answer, unasked: bytes = b"") -> Peer:
            peer = Peer(answer, unasked)
            resources.callback(peer.close)
            return peer

        yield make
