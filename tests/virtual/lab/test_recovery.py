"""A board that hangs is brought back by the first rung that can do it, and proves itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness import shipped
from harness.board.board import Board
from harness.board.manifest import load_manifest
from harness.board.profile import CODEY
from harness.board.recovery import BoardLost, Recovery, RungResult
from harness.deadline import Deadline
from harness.errors import HarnessError, IdentityMismatch, LinkTimeout
from harness.lab.opened import FIRST_S, OPEN_S, OpenedBoard, open_board
from harness.link.rig import Rig
from harness.link.spec import parse_specs

#: Nothing but a reset or the supply ends this.
HANGS = "import micropython\nmicropython.kbd_intr(-1)\nprint('go')\nwhile True: pass"

WHY = LinkTimeout("the board did not answer")


def soon() -> Deadline:
    return Deadline.after(30.0)


@pytest.fixture
def opened() -> Iterator[OpenedBoard]:
    virtual = open_board(parse_specs("virtual")[0], CODEY)
    yield virtual
    virtual.close()


def hang(board: Board) -> None:
    board.start(HANGS, soon()).take([])


def on(opened: OpenedBoard, **parts: object) -> tuple[Board, list[RungResult]]:
    """Return the board as if its rig had other parts, hung, and a list for what is tried."""
    hang(opened.board)
    rig: Rig = replace(opened.board.rig, **parts)  # type: ignore[arg-type]
    return Board("c1", rig, CODEY), []


def names(tried: list[RungResult]) -> list[tuple[str, bool]]:
    return [(each.rung, each.is_back) for each in tried]


GENTLE = [("interrupt", False), ("raw mode", False), ("soft reset", False)]


def test_reset_line_ends_a_hang_that_nothing_gentler_ends(opened: OpenedBoard) -> None:
    board, tried = on(opened)
    found = Recovery(board, tried.append, identity=opened.identity).run(WHY, soon())
    assert found == opened.identity
    assert names(tried) == [*GENTLE, ("reset line", True)]
    assert all(each.detail for each in tried[:-1])
    assert all(each.seconds > 0 for each in tried)
    assert board.exec("print(6 * 7)", soon()) == b"42\r\n"


def test_supply_ends_it_where_there_is_no_line(opened: OpenedBoard) -> None:
    board, tried = on(opened, lines=None)
    Recovery(board, tried.append, identity=opened.identity).run(WHY, soon())
    assert names(tried) == [*GENTLE, ("power cycle", True)]
    assert board.exec("print(6 * 7)", soon()) == b"42\r\n"


def test_board_that_nothing_brings_back_is_lost_within_its_time(opened: OpenedBoard) -> None:
    board, tried = on(opened, lines=None, power=None)
    started_s = time.monotonic()
    with pytest.raises(BoardLost) as caught:
        Recovery(board, tried.append).run(WHY, soon())
    # A dead board is known in 15 s, the first wait included.
    assert time.monotonic() - started_s < OPEN_S - FIRST_S
    assert names(tried) == GENTLE
    assert caught.value.rungs == tried
    assert all(caught.value.parts().values())


def test_rung_behind_the_deadline_is_not_begun(opened: OpenedBoard) -> None:
    board, tried = on(opened)
    with pytest.raises(BoardLost):
        Recovery(board, tried.append).run(WHY, Deadline.after(0.0))
    assert tried == []


def test_busy_board_comes_back_by_the_gentlest_rung(opened: OpenedBoard) -> None:
    opened.board.start("while True: pass", soon())
    tried: list[RungResult] = []
    Recovery(opened.board, tried.append, identity=opened.identity).run(WHY, soon())
    assert names(tried)[-1][1] is True
    assert len(tried) < 4, "no reset was needed"


def test_other_board_that_answers_is_no_recovery(opened: OpenedBoard) -> None:
    tried: list[RungResult] = []
    other = replace(opened.identity, id="000000000000")
    with pytest.raises(IdentityMismatch) as caught:
        Recovery(opened.board, tried.append, identity=other).run(WHY, soon())
    assert opened.identity.id in caught.value.got
    assert names(tried) == [("interrupt", False)]


def test_files_that_are_not_what_was_pushed_are_pushed_again(opened: OpenedBoard) -> None:
    manifest = load_manifest(shipped.device_src())
    opened.deploy(manifest)
    path = next(path for path in manifest.files if path.endswith("/mqtt.py"))
    opened.board.exec(f"f = open({path!r}, 'w'); f.write('x'); f.close()", soon())
    assert not opened.board.holds(manifest, soon())
    opened.board.start("while True: pass", soon())
    tried: list[RungResult] = []
    opened.recover(WHY, manifest, tried.append)
    assert opened.board.holds(manifest, soon())
    assert tried[-1].is_back
    assert "pushed again: " in tried[-1].detail


def test_firmware_is_written_last_and_only_where_it_may_be(opened: OpenedBoard) -> None:
    control = opened.board.rig.lines
    assert control is not None
    board, tried = on(opened, lines=None, power=None)
    written: list[float] = []

    def flash(deadline: Deadline) -> None:
        written.append(deadline.remaining_s)
        control.hard_reset(deadline)

    Recovery(board, tried.append, identity=opened.identity, flash=flash).run(
        WHY, Deadline.after(4.0)
    )
    assert names(tried) == [*GENTLE, ("flash", True)]
    # It has a limit of its own: nobody could write 2 MB in what is left of the opening.
    assert written[0] > 60


def test_switch_that_fails_is_a_rung_that_did_not_help(opened: OpenedBoard) -> None:
    class Broken:
        off_s = 0.0

        def off(self, deadline: Deadline) -> None:
            """Fail."""
            raise HarnessError("the hub is gone")

        def on(self, deadline: Deadline) -> None:
            """Never called."""

    board, tried = on(opened, lines=None, power=Broken())
    with pytest.raises(BoardLost):
        Recovery(board, tried.append).run(WHY, soon())
    assert tried[-1].rung == "power cycle"
    assert tried[-1].detail == "the hub is gone"
