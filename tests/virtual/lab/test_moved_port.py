"""A board of the inventory whose port came back under another name between two commands."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

from harness.deadline import Deadline
from harness.lab.discovery import follow
from harness.lab.dut import Dut
from harness.lab.probed import Probed, ProbedFile
from harness.link.spec import BoardSpec
from harness.link.virtual import (
    VirtualControl,
    VirtualProcess,
    VirtualSettings,
    find_control,
    start_virtual,
)
from tests.virtual.fault.command import Commands

MakeBoard = Callable[[], VirtualProcess]


def move_port(port: str) -> str:
    """Let a board's port go away and come back; return its new path."""
    path = find_control(port)
    assert path is not None
    with contextlib.closing(VirtualControl(path)) as control:
        control.ask("vanish", Deadline.after(5))
        deadline = Deadline.after(10)
        while not (moved := str(control.ask("identity", deadline)["port"])):
            pass
    assert moved != port
    return moved


def test_board_is_found_by_its_chip_where_its_port_is_no_longer(
    hil: Commands, make_board: MakeBoard
) -> None:
    board = make_board()
    make_board()
    assert hil.run("boards", "add", board.port, "--name", "c1").code == 0
    moved = move_port(board.port)
    asked = hil.run("exec", "import machine; print(machine.unique_id().hex())", "--board", "c1")
    assert (asked.code, asked.out) == (0, f"{board.id}\n"), asked.err
    assert hil.run("deploy", "--board", "c1").code == 0
    move_port(moved)
    assert hil.run("exec", "print(1)", "--board", "c1").out == "1\n"


def test_chip_that_two_boards_have_is_not_guessed_over() -> None:
    settings = VirtualSettings(unique_id="c0de90c0de90")
    dut = Dut("c1", BoardSpec("port", "/dev/absent", ""), id=settings.unique_id)
    assert follow(dut, Probed(), []) is None
    with contextlib.ExitStack() as resources:
        first = start_virtual(settings, Deadline.after(20))
        resources.callback(first.close)
        assert follow(dut, Probed(), []) == first.port
        assert follow(replace(dut, spec=BoardSpec("port", first.port, "")), Probed(), []) is None
        second = start_virtual(settings, Deadline.after(20))
        resources.callback(second.close)
        assert follow(dut, Probed(), []) is None
    assert follow(dut, Probed(), []) is None, "both have ended"


def test_chip_that_answered_last_is_enough(hil: Commands, make_board: MakeBoard) -> None:
    board = make_board()
    path = hil.folder / "boards.toml"
    path.write_text(f'[boards.c1]\nport = "port:{board.port}"\n')
    assert hil.run("exec", "print(1)", "--board", "c1").out == "1\n"
    assert ProbedFile(path).read("c1").id == board.id
    move_port(board.port)
    assert hil.run("exec", "print(1)", "--board", "c1").out == "1\n"
