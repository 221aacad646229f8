"""The flash of a virtual board, and the wall between it and the host's files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.deadline import Deadline
from harness.errors import ConfigError
from harness.link.virtual import VirtualSettings, start_virtual

if TYPE_CHECKING:
    from tests.virtual.board.conftest import BareBoard, MakeBoard

WRITE = "f = open('kept.txt', 'w')\nf.write('old')\nf.close()"
READ = "print(open('kept.txt').read())"


def test_files_survive_soft_reset_hard_reset_and_power_cycle(bare: BareBoard) -> None:
    bare.run(WRITE)
    bare.line.write(b"\x04")
    bare.line.read_until(b"exit\r\n>")
    assert bare.run(READ) == "old\n"
    bare.control.lines.hard_reset(Deadline.after(5))
    bare.line.read_until(b">>> ")
    bare.enter_raw()
    assert bare.run(READ) == "old\n"
    bare.control.power.off(Deadline.after(5))
    bare.control.power.on(Deadline.after(5))
    bare.line.read_until(b">>> ")
    bare.enter_raw()
    assert bare.run(READ) == "old\n"


def test_flash_image_is_another_boards_after_the_first_has_ended(
    make_board: MakeBoard, tmp_path: Path
) -> None:
    settings = VirtualSettings(flash=str(tmp_path / "board.img"))
    first = make_board(settings)
    first.enter_raw()
    first.run(WRITE)
    first.process.close()
    second = make_board(settings)
    second.enter_raw()
    assert second.run(READ) == "old\n"
    assert second.process.id == first.process.id


def test_flash_image_in_use_is_refused(make_board: MakeBoard, tmp_path: Path) -> None:
    settings = VirtualSettings(flash=str(tmp_path / "board.img"))
    make_board(settings)
    with pytest.raises(ConfigError, match="cannot be used") as caught:
        start_virtual(settings, Deadline.after(5))
    assert caught.value.got == "a running virtual board holds it"


def test_flash_image_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    settings = VirtualSettings(flash=str(tmp_path / "absent" / "board.img"))
    with pytest.raises(ConfigError, match="cannot be opened"):
        start_virtual(settings, Deadline.after(5))


def test_flash_image_of_odd_size_is_refused(tmp_path: Path) -> None:
    image = tmp_path / "board.img"
    image.write_bytes(b"x" * 5000)
    with pytest.raises(ConfigError, match="cannot be used"):
        start_virtual(VirtualSettings(flash=str(image)), Deadline.after(5))
    assert image.read_bytes() == b"x" * 5000


@pytest.mark.parametrize("round_number", range(5))
def test_power_cut_in_a_write_leaves_the_old_or_the_new_file(
    bare: BareBoard, round_number: int
) -> None:
    bare.run("f = open('data', 'w')\nf.write('0' * 6000)\nf.close()")
    bare.start(
        "n = 0\nwhile True:\n n += 1\n f = open('data', 'w')\n f.write(str(n % 10) * 6000)\n"
        f" f.close()\n if n == {3 + round_number}: print('go')"
    )
    bare.line.read_until(b"go\r\n")
    bare.control.power.off(Deadline.after(5))
    bare.control.power.on(Deadline.after(5))
    bare.line.read_until(b">>> ")
    bare.enter_raw()
    sizes = bare.run("import os\nd = open('data').read()\nprint(len(d), len(set(d)), os.listdir())")
    assert sizes == "6000 1 ['data']\n"


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/hostname')",
        "open('/rom/machine.py', 'w')",
        "import os; os.remove('/rom/machine.py')",
        "import os; os.chdir('/rom/..'); open('etc/hostname')",
        "import os; os.system('true')",
        "import uos; uos.system('true')",
        "import os; os.VfsPosix('/')",
        "import vfs; vfs.VfsPosix('/')",
        "import uos; uos.getenv('PATH')",
    ],
)
def test_program_does_not_reach_the_host(bare: BareBoard, attempt: str) -> None:
    bare.start(attempt)
    _, traceback = bare.finish()
    assert "OSError" in traceback or "AttributeError" in traceback


def test_root_of_a_fresh_flash_is_empty(bare: BareBoard) -> None:
    assert bare.run("import os\nprint(os.listdir(), list(os.ilistdir('/')))") == "[] []\n"


def test_full_flash_raises_and_the_board_lives(bare: BareBoard) -> None:
    code = (
        "f = open('big', 'wb')\nb = bytes(4096)\ntry:\n while True: f.write(b)\n"
        "except OSError as e: print(e.errno)\nimport os\ntry: f.close()\n"
        "except OSError as e: print(e.errno)\nos.remove('big')\nprint(os.listdir())"
    )
    assert bare.run(code).endswith("28\n[]\n")
