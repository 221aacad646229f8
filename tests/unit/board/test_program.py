"""Code that runs on the board: its output while it runs, Ctrl-C, plain raw mode, resets."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest

from harness.board import program as program_module
from harness.board import repl as repl_module
from harness.board.repl import Repl
from harness.deadline import Deadline
from harness.errors import DeviceException, LinkTimeout
from harness.link.loopback import Loopback, Script
from harness.wire.raw_repl import PLAIN_PIECE_BYTES

if TYPE_CHECKING:
    from tests.unit.conftest import MakeWired, Ran

ENTER = b"\r\x03\x03\r\x01"
BANNER = b"raw REPL; CTRL-B to exit\r\n>"


def soon() -> Deadline:
    """Return a deadline that only a hang misses."""
    return Deadline.after(5.0)


def test_read_returns_output_while_it_runs(make_wired: MakeWired, ran: type[Ran]) -> None:
    wired = make_wired(lambda _: ran(b"ready\r\n", is_endless=True))
    program = wired.repl.start("x", soon())
    assert program.is_running
    assert program.read(soon()) == b"ready\r\n", "it came with the board's word that it runs"
    wired.link.feed(b"tick\r\n")
    assert program.read(soon()) == b"tick\r\n"
    assert program.output == b"ready\r\ntick\r\n"
    assert program.error is None


def test_read_of_nothing_ends_by_its_deadline(make_wired: MakeWired, ran: type[Ran]) -> None:
    wired = make_wired(lambda _: ran(is_endless=True))
    program = wired.repl.start("x", soon())
    with pytest.raises(LinkTimeout, match=r"within 0\.05 s"):
        program.read(Deadline.after(0.05))
    assert program.is_running


def test_read_of_an_ended_program_is_empty(make_wired: MakeWired, ran: type[Ran]) -> None:
    wired = make_wired(lambda _: ran(b"all"))
    program = wired.repl.start("x", soon())
    assert b"".join(iter(lambda: program.read(soon()), b"")) == b"all"
    assert program.read(Deadline.after(0)) == b""
    assert not program.is_running


def test_interrupt_ends_it_with_keyboard_interrupt(make_wired: MakeWired, ran: type[Ran]) -> None:
    wired = make_wired(lambda _: ran(b"x", is_endless=True))
    program = wired.repl.start("x", soon())
    program.interrupt(soon())
    assert not program.is_running
    assert program.error is not None
    assert program.error.type_name == "KeyboardInterrupt"
    written = len(wired.side.writes)
    program.interrupt(soon())
    assert len(wired.side.writes) == written, "an ended program is not interrupted again"
    assert wired.repl.is_idle


def test_interrupt_goes_again_to_a_program_that_catches_it(
    make_wired: MakeWired, ran: type[Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program_module, "INTERRUPT_AGAIN_S", 0.02)
    wired = make_wired(lambda _: ran(is_endless=True))
    program = wired.repl.start("x", soon())
    wired.side.catches = 3
    program.interrupt(soon())
    assert not program.is_running
    assert program.output == b"caught\r\n" * 3
    assert wired.side.writes[-4:] == [b"\x03"] * 4


def test_interrupt_of_a_program_that_always_catches_it_ends_by_its_deadline(
    make_wired: MakeWired, ran: type[Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program_module, "INTERRUPT_AGAIN_S", 0.02)
    wired = make_wired(lambda _: ran(is_endless=True))
    program = wired.repl.start("x", soon())
    wired.side.catches = 10**6
    began_s = time.monotonic()
    with pytest.raises(LinkTimeout) as caught:
        program.interrupt(Deadline.after(0.1))
    assert time.monotonic() - began_s < 1.0
    assert caught.value.received.endswith(b"caught\r\n")
    assert program.is_running


def test_flood_keeps_the_newest_output(
    make_wired: MakeWired, ran: type[Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program_module, "MAX_OUTPUT_BYTES", 1000)
    printed = b"".join(b"%05d\r\n" % number for number in range(1000))
    wired = make_wired(lambda _: ran(printed), piece_bytes=300)
    program = wired.repl.start("x", soon())
    assert program.wait(soon()) == printed[-1000:]
    assert program.dropped_bytes == len(printed) - 1000


def test_read_after_a_flood_gives_what_was_kept(
    make_wired: MakeWired, ran: type[Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program_module, "MAX_OUTPUT_BYTES", 100)
    wired = make_wired(lambda _: ran(b"x" * 500, is_endless=True))
    program = wired.repl.start("x", soon())
    wired.link.feed(b"y" * 60)
    program.interrupt(soon())
    assert program.read(soon()) == program.output == b"x" * 40 + b"y" * 60
    assert program.read(soon()) == b""


def test_limit_of_the_output_is_a_mebibyte(make_wired: MakeWired, ran: type[Ran]) -> None:
    wired = make_wired(lambda _: ran(b"a" * 2**20 + b"b" * 10))
    program = wired.repl.start("x", soon())
    program.wait(soon())
    assert len(program.output) == 2**20
    assert program.output.endswith(b"b" * 10)
    assert program.dropped_bytes == 10


@pytest.mark.parametrize("answer", [b"R\x00", BANNER], ids=["refused", "old"])
def test_board_without_raw_paste_gets_plain_raw_mode(
    make_wired: MakeWired, ran: type[Ran], answer: bytes
) -> None:
    wired = make_wired(lambda _: ran(b"1\r\n"), paste=answer)
    assert wired.repl.exec("print(1)", soon(), paste=True) == b"1\r\n"
    assert not wired.repl.has_raw_paste
    asked = [data for data in wired.side.writes if b"\x05A\x01" in data]
    assert wired.repl.exec("print(1)", soon(), paste=True) == b"1\r\n"
    assert len(asked) == 1, "the board is asked once"
    assert wired.side.sources == ["print(1)"] * 2


def test_plain_raw_mode_is_paced(make_wired: MakeWired, monkeypatch: pytest.MonkeyPatch) -> None:
    wired = make_wired()
    written_s: list[float] = []
    sizes: list[int] = []
    write = wired.link.write

    def note(data: bytes, deadline: Deadline) -> None:
        written_s.append(time.monotonic())
        sizes.append(len(data))
        write(data, deadline)

    monkeypatch.setattr(wired.link, "write", note)
    source = "#" * (2 * PLAIN_PIECE_BYTES + 100)
    wired.repl.exec(source, soon(), paste=False)
    assert wired.side.sources == [source]
    assert wired.repl.has_raw_paste, "it was our choice, not the board's"
    assert sizes == [PLAIN_PIECE_BYTES, PLAIN_PIECE_BYTES, 101]
    gaps = [after - before for before, after in itertools.pairwise(written_s)]
    assert min(gaps) >= repl_module.PLAIN_PACE_S * 0.9


def test_plain_raw_mode_that_is_not_answered_ends_by_its_deadline() -> None:
    script = Script([(ENTER, BANNER), (b"x\x04", b"no")])
    repl = Repl(Loopback(script))
    repl.enter(soon())
    with pytest.raises(LinkTimeout) as caught:
        repl.start("x", Deadline.after(0.05), paste=False)
    assert caught.value.received.endswith(b"no")


def test_soft_reset_ends_at_the_raw_prompt(make_wired: MakeWired, ran: type[Ran]) -> None:
    wired = make_wired(lambda _: ran(b"1"))
    wired.repl.soft_reset(soon())
    assert wired.repl.is_idle
    assert wired.repl.exec("print(1)", soon()) == b"1"


def test_soft_reset_that_hangs_in_boot_py_ends_by_its_deadline() -> None:
    script = Script([(ENTER, BANNER), (b"\x04", b"OK\r\nMPY: soft reboot\r\nboot.py waits")])
    repl = Repl(Loopback(script))
    repl.enter(soon())
    with pytest.raises(LinkTimeout) as caught:
        repl.soft_reset(Deadline.after(0.05))
    assert caught.value.tried == "could not soft reset the board within 0.05 s"
    assert caught.value.received.endswith(b"boot.py waits")


@pytest.mark.parametrize("piece_bytes", [1, 2, 7, 4096])
def test_program_that_ends_the_interpreter_has_raised_system_exit(piece_bytes: int) -> None:
    script = Script(
        [
            (ENTER, BANNER),
            (b"\x05A\x01", b"R\x01\x20\x00"),
            (b"exit()\x04", b"\x04bye\x04\x04MPY: soft reboot\r\nfrom boot.py\r\n" + BANNER),
            (b"\x05A\x01", b"R\x01\x20\x00"),
            (b"print(1)\x04", b"\x041\x04\x04>"),
        ]
    )
    repl = Repl(Loopback(script, piece_bytes=piece_bytes))
    repl.enter(soon())
    with pytest.raises(DeviceException) as caught:
        repl.exec("exit()", soon(), paste=True)
    assert caught.value.type_name == "SystemExit"
    assert caught.value.output == b"bye"
    assert repl.exec("print(1)", soon(), paste=True) == b"1"


def test_leave_ends_at_the_friendly_prompt(make_wired: MakeWired, ran: type[Ran]) -> None:
    wired = make_wired(lambda _: ran(b"1"))
    wired.repl.leave(soon())
    left = wired.repl.is_idle
    wired.repl.enter(soon())
    assert (left, wired.repl.exec("x", soon())) == (False, b"1")
