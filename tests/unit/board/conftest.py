"""A real virtual board, for what needs one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from harness import shipped
from harness.board.board import Board
from harness.board.manifest import load_manifest
from harness.board.profile import CODEY
from harness.deadline import Deadline
from harness.lab.opened import OpenedBoard, open_board
from harness.link.spec import BoardSpec


@pytest.fixture(scope="session")
def opened() -> Iterator[OpenedBoard]:
    """A virtual board with the device code on it, one for all tests of this folder."""
    virtual = open_board(BoardSpec("virtual", "1", "virtual"), CODEY)
    try:
        virtual.deploy(load_manifest(shipped.device_src()))
        yield virtual
    finally:
        virtual.close()


@pytest.fixture
def virtual(opened: OpenedBoard) -> Board:
    """The virtual board with a fresh interpreter and no file of an earlier test."""
    board = opened.board
    board.reset(Deadline.after(10.0))
    left = [name for name, folder, _ in board.files.list("/", Deadline.after(5.0)) if not folder]
    ours = [f"/{name}" for name in left if re.match(r"t_", name)]
    board.files.remove(ours, Deadline.after(5.0))
    board.readback.has_probe = True
    return board
