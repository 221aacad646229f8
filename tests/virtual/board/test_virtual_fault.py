"""Faults of the virtual board, each where the real thing happens, seen over a bare line."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

import pytest

from harness.errors import ConfigError
from harness.link.virtual import Fault, VirtualSettings, find_control
from tests.virtual.board.conftest import Line, soon

if TYPE_CHECKING:
    from tests.virtual.board.conftest import BareBoard, MakeBoard

PROMPT = b">>> "


def boot_again(board: BareBoard, fault: Fault) -> None:
    board.control.set_fault(fault, soon())
    board.control.lines.hard_reset(soon())


def state(board: BareBoard) -> dict[str, int]:
    found: dict[str, int] = board.control.ask("state", soon())
    return found


def test_noise_comes_before_the_banner_and_is_its_seeds(bare: BareBoard) -> None:
    fault = Fault(boot_noise=100, seed=5)
    boots = []
    for _ in range(2):
        boot_again(bare, fault)
        boots.append(bare.line.read_until(b"MicroPython "))
        bare.line.read_until(PROMPT)
    assert [len(boot) for boot in boots] == [100 + len(b"MicroPython ")] * 2
    assert boots[0] == boots[1]
    boot_again(bare, Fault())
    assert bare.line.read_until(b"MicroPython ") == b"MicroPython "


def test_seed_that_was_drawn_is_told(fresh: BareBoard) -> None:
    told = fresh.control.set_fault(Fault(drop=0.5), soon())
    assert told.startswith("drop=0.5,seed=")
    assert fresh.control.ask("identity", soon())["fault"] == told


def test_lost_and_changed_bytes_are_counted(bare: BareBoard) -> None:
    bare.control.set_fault(Fault(drop=0.2, flip=0.2, seed=1), soon())
    bare.line.write(b"x" * 200)
    bare.control.set_fault(Fault(), soon())
    bare.enter_raw()
    assert state(bare)["dropped_bytes"] + state(bare)["flipped_bytes"] > 0


def test_port_comes_back_under_another_name_and_the_board_has_run_on(bare: BareBoard) -> None:
    bare.run("x = 38")
    bare.control.set_fault(Fault(vanish=0, away=0), soon())
    bare.line.write(b"\x03")
    deadline = soon()
    while (port := str(bare.control.ask("identity", deadline)["port"])) in ("", bare.port):
        assert not deadline.is_expired
    assert find_control(port) is not None
    poll = select.poll()
    poll.register(bare.line.descriptor)
    assert poll.poll(0)[0][1] & select.POLLHUP
    bare.line = Line(port)
    assert bare.run("print(x)") == "38\n"


def test_port_is_away_for_as_long_as_it_was_told_to(fresh: BareBoard) -> None:
    fresh.control.set_fault(Fault(vanish=0, away=60_000), soon())
    fresh.control.ask("vanish", soon())
    assert fresh.control.ask("identity", soon())["port"] == ""
    assert find_control(fresh.port) is None


def test_hang_ignores_ctrl_c_and_ends_with_a_reset(bare: BareBoard) -> None:
    bare.control.set_fault(Fault(hang=10), soon())
    bare.line.write(b"print('begin')\x04")
    bare.line.write(b"\x03\x03")
    boots = state(bare)["boots"]
    assert bare.control.ask("line", soon(), forget=True)["up_bytes"] > 0
    bare.line.write(b"\r\x03\x03\r\x01")
    assert bare.control.ask("line", soon())["up_bytes"] == 0
    bare.control.lines.hard_reset(soon())
    bare.line.read_until(b"MicroPython ")
    bare.enter_raw()
    assert bare.run("print(1)") == "1\n"
    assert state(bare)["boots"] == boots + 1


def test_crash_at_boot_is_repeated_as_often_as_it_has_to(bare: BareBoard) -> None:
    boot_again(bare, Fault(crash_loop=2))
    text = bare.line.read_until(PROMPT)
    assert text.count(b"the interpreter died") == 2
    assert state(bare)["crashes"] == 2


def test_opening_the_port_resets_the_board(bare: BareBoard) -> None:
    bare.control.set_fault(Fault(open_reset=True), soon())
    boots = state(bare)["boots"]
    again = Line(bare.port)
    bare.line.read_until(b"MicroPython ")
    again.close()
    assert state(bare)["boots"] == boots + 1


@pytest.mark.parametrize("name", ["deflate", "hashlib"])
def test_module_that_the_firmware_lacks_cannot_be_imported(fresh: BareBoard, name: str) -> None:
    boot_again(fresh, Fault(no_deflate=name == "deflate", no_hashlib=name == "hashlib"))
    fresh.enter_raw()
    for module in (name, f"u{name}"):
        code = f"try:\n import {module}\n print('there')\nexcept ImportError as e: print(e)"
        assert fresh.run(code) == f"no module named '{module}'\n"
    other = {"deflate": "hashlib", "hashlib": "deflate"}[name]
    assert fresh.run(f"import {other}, binascii, json\nprint('there')") == "there\n"


def test_board_without_files_says_so_and_keeps_what_lies_on_its_flash(bare: BareBoard) -> None:
    bare.run("f = open('/kept', 'w')\nf.write('x')\nf.close()")
    boot_again(bare, Fault(no_files=True))
    bare.enter_raw()
    code = "try:\n open('/kept')\nexcept OSError as e: print(e)"
    assert bare.run(code) == "[Errno 19] ENODEV\n"
    boot_again(bare, Fault())
    bare.enter_raw()
    assert bare.run("print(open('/kept').read())") == "x\n"


def test_firmware_without_raw_paste_answers_with_its_prompt(bare: BareBoard) -> None:
    bare.control.set_fault(Fault(no_paste=True), soon())
    bare.line.write(b"\x05A\x01")
    assert b"R\x01" not in bare.line.read_until(b"raw REPL; CTRL-B to exit\r\n>")
    assert bare.run("print(1)") == "1\n"
    bare.control.set_fault(Fault(), soon())
    bare.line.write(b"\x05A\x01")
    bare.line.read_until(b"R\x01")
    bare.line.write(b"\x04")


@pytest.mark.parametrize("kilobytes", [10, 20])
def test_heap_is_full_but_for_one_piece(make_board: MakeBoard, kilobytes: int) -> None:
    board = make_board(VirtualSettings(fault=Fault(free_heap=kilobytes)))
    board.enter_raw()
    free = int(board.run("import gc\ngc.collect()\nprint(gc.mem_free())"))
    assert kilobytes * 1024 - 1024 < free < kilobytes * 1024 + 3072
    piece = kilobytes * 1024 - 2048
    assert board.run(f"print(len(bytearray({piece})))") == f"{piece}\n"


def test_unknown_fault_is_refused_and_changes_nothing(fresh: BareBoard) -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        fresh.control.ask("fault", soon(), text="bogus")
    assert fresh.control.ask("identity", soon())["fault"] == ""
