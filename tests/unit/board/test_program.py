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
from harness.errors import LinkTimeout
from harness.link.loopback import Loopback, Script
from harness.wire.raw_repl import PLAIN_PIECE_BYTES

if TYPE_CHECKING:
    from tests.unit.board.conftest import MakeBench, Ran

ENTER = b"\r\x03\x03\r\x01"
BANNER = b"raw REPL; CTRL-B to exit\r\n>"


def soon() -> Deadline:
    """Return a deadline that only a hang misses."""
    return Deadline.after(5.0)


def test_read_returns_output_while_it_runs(make_bench: MakeBench, ran: type[Ran]) -> None:
    bench = make_bench(lambda _: ran(b"ready\r\n", is_endless=True))
    program = bench.repl.start("x", soon())
    assert program.is_running
    before = program.output or program.read(soon())
    bench.link.feed(b"tick\r\n")
    assert (before, program.read(soon())) == (b"ready\r\n", b"tick\r\n")
    assert program.output == b"ready\r\ntick\r\n"
    assert program.error is None


def test_read_of_nothing_ends_by_its_deadline(make_bench: MakeBench, ran: type[Ran]) -> None:
    bench = make_bench(lambda _: ran(is_endless=True))
    program = bench.repl.start("x", soon())
    with pytest.raises(LinkTimeout, match=r"within 0\.05 s"):
        program.read(Deadline.after(0.05))
    assert program.is_running


def test_read_of_an_ended_program_is_empty(make_bench: MakeBench, ran: type[Ran]) -> None:
    bench = make_bench(lambda _: ran(b"all"))
    program = bench.repl.start("x", soon())
    read = program.output + b"".join(iter(lambda: program.read(soon()), b""))
    assert read == b"all"
    assert program.read(Deadline.after(0)) == b""
    assert not program.is_running


def test_interrupt_ends_it_with_keyboard_interrupt(make_bench: MakeBench, ran: type[Ran]) -> None:
    bench = make_bench(lambda _: ran(b"x", is_endless=True))
    program = bench.repl.start("x", soon())
    program.interrupt(soon())
    assert not program.is_running
    assert program.error is not None
    assert program.error.type_name == "KeyboardInterrupt"
    written = len(bench.side.writes)
    program.interrupt(soon())
    assert len(bench.side.writes) == written, "an ended program is not interrupted again"
    assert bench.repl.is_idle


def test_interrupt_goes_again_to_a_program_that_catches_it(
    make_bench: MakeBench, ran: type[Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program_module, "INTERRUPT_AGAIN_S", 0.02)
    bench = make_bench(lambda _: ran(is_endless=True))
    program = bench.repl.start("x", soon())
    bench.side.catches = 3
    program.interrupt(soon())
    assert not program.is_running
    assert program.output == b"caught\r\n" * 3
    assert bench.side.writes[-4:] == [b"\x03"] * 4


def test_interrupt_of_a_program_that_always_catches_it_ends_by_its_deadline(
    make_bench: MakeBench, ran: type[Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program_module, "INTERRUPT_AGAIN_S", 0.02)
    bench = make_bench(lambda _: ran(is_endless=True))
    program = bench.repl.start("x", soon())
    bench.side.catches = 10**6
    began_s = time.monotonic()
    with pytest.raises(LinkTimeout) as caught:
        program.interrupt(Deadline.after(0.1))
    assert time.monotonic() - began_s < 1.0
    assert caught.value.received.endswith(b"caught\r\n")
    assert program.is_running


def test_flood_keeps_the_newest_output(
    make_bench: MakeBench, ran: type[Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program_module, "MAX_OUTPUT_BYTES", 1000)
    printed = b"".join(b"%05d\r\n" % number for number in range(1000))
    bench = make_bench(lambda _: ran(printed), piece_bytes=300)
    program = bench.repl.start("x", soon())
    assert program.wait(soon()) == printed[-1000:]
    assert program.dropped_bytes == len(printed) - 1000


def test_limit_of_the_output_is_a_mebibyte(make_bench: MakeBench, ran: type[Ran]) -> None:
    bench = make_bench(lambda _: ran(b"a" * 2**20 + b"b" * 10))
    program = bench.repl.start("x", soon())
    program.wait(soon())
    assert len(program.output) == 2**20
    assert program.output.endswith(b"b" * 10)
    assert program.dropped_bytes == 10


@pytest.mark.parametrize("answer", [b"R\x00", BANNER], ids=["refused", "old"])
def test_board_without_raw_paste_gets_plain_raw_mode(
    make_bench: MakeBench, ran: type[Ran], answer: bytes
) -> None:
    bench = make_bench(lambda _: ran(b"1\r\n"), paste=answer)
    assert bench.repl.exec("print(1)", soon()) == b"1\r\n"
    assert not bench.repl.has_raw_paste
    asked = [data for data in bench.side.writes if b"\x05A\x01" in data]
    assert bench.repl.exec("print(1)", soon()) == b"1\r\n"
    assert len(asked) == 1, "the board is asked once"
    assert bench.side.sources == ["print(1)"] * 2


def test_plain_raw_mode_is_paced(make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = make_bench()
    written_s: list[float] = []
    sizes: list[int] = []
    write = bench.link.write

    def note(data: bytes, deadline: Deadline) -> None:
        written_s.append(time.monotonic())
        sizes.append(len(data))
        write(data, deadline)

    monkeypatch.setattr(bench.link, "write", note)
    source = "#" * (2 * PLAIN_PIECE_BYTES + 100)
    bench.repl.exec(source, soon(), paste=False)
    assert bench.side.sources == [source]
    assert bench.repl.has_raw_paste, "it was our choice, not the board's"
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


def test_soft_reset_ends_at_the_raw_prompt(make_bench: MakeBench, ran: type[Ran]) -> None:
    bench = make_bench(lambda _: ran(b"1"))
    bench.repl.soft_reset(soon())
    assert bench.repl.is_idle
    assert bench.repl.exec("print(1)", soon()) == b"1"


def test_soft_reset_that_hangs_in_boot_py_ends_by_its_deadline() -> None:
    script = Script([(ENTER, BANNER), (b"\x04", b"OK\r\nMPY: soft reboot\r\nboot.py waits")])
    repl = Repl(Loopback(script))
    repl.enter(soon())
    with pytest.raises(LinkTimeout) as caught:
        repl.soft_reset(Deadline.after(0.05))
    assert caught.value.tried == "could not soft reset the board within 0.05 s"
    assert caught.value.received.endswith(b"boot.py waits")


def test_leave_ends_at_the_friendly_prompt(make_bench: MakeBench, ran: type[Ran]) -> None:
    bench = make_bench(lambda _: ran(b"1"))
    bench.repl.leave(soon())
    left = bench.repl.is_idle
    bench.repl.enter(soon())
    assert (left, bench.repl.exec("x", soon())) == (False, b"1")
