"""Files on a board, written by us and read by mpremote, and the other way round."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.board.push_program import START_DIGITS, Asked
from harness.deadline import Deadline
from harness.errors import DeviceFileError

if TYPE_CHECKING:
    from harness.board.board import Board
    from tests.conformance.conftest import Mpremote


def soon() -> Deadline:
    """Return a deadline that only a hang misses."""
    return Deadline.after(60.0)


def contents() -> dict[str, bytes]:
    """Return files of every interesting size; the bytes are the same in every run."""
    chance = random.Random(38)  # noqa: S311, test data
    sizes = (0, 1, 127, 128, 129, 1536, 4615)
    files = {f"conf_{size}.bin": chance.randbytes(size) for size in sizes}
    return {**files, "conf_all.bin": bytes(range(256)) * 4, "conf_größe.txt": b"\r\n\n\r\x04\x03"}


def sizes_of(listing: bytes) -> dict[str, int]:
    """Return names and sizes of our files in a listing of mpremote."""
    rows = [line.split(maxsplit=1) for line in listing.decode().splitlines()[1:]]
    return {name: int(size) for size, name in rows if name.startswith("conf_")}


def test_files_that_we_write_are_read_by_mpremote(board: Board, mpremote: Mpremote) -> None:
    files = contents()
    for name, data in files.items():
        board.files.write(f"/{name}", data, soon())
    assert sizes_of(mpremote("fs", "ls", ":")) == {name: len(data) for name, data in files.items()}
    hashes = [word for name in files for word in ("fs", "sha256sum", f":{name}", "+")]
    said = mpremote(*hashes[:-1]).decode()
    digests = [line for line in said.splitlines() if not line.startswith("sha256sum")]
    assert digests == [hashlib.sha256(data).hexdigest() for data in files.values()]


def test_files_that_mpremote_writes_are_read_by_us(
    board: Board, mpremote: Mpremote, tmp_path: Path
) -> None:
    files = contents()
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    mpremote("fs", "cp", *(str(tmp_path / name) for name in files), ":")
    first, *others = (f"/{name}" for name in files)
    survey = board.files.survey(Asked(tuple(others), ("/",)), soon())
    assert survey.starts == {
        path: hashlib.sha256(files[path[1:]]).hexdigest()[:START_DIGITS] for path in others
    }
    assert first in survey.found
    assert not {*others} & {*survey.found}
    for name, data in files.items():
        assert board.files.read(f"/{name}", soon()) == data
    ours = {name: size for name, folder, size in board.files.list("/", soon()) if not folder}
    assert {name: ours[name] for name in files} == sizes_of(mpremote("fs", "ls", ":"))


def test_text_that_we_write_is_shown_by_mpremote(board: Board, mpremote: Mpremote) -> None:
    text = "x = 38\nprint('größer')\n"
    board.files.write("/conf_text.py", text.encode(), soon())
    assert mpremote("fs", "cat", ":conf_text.py").decode() == text
    assert mpremote("exec", "import conf_text").decode() == "größer\n"


def test_file_is_replaced_and_removed_for_both(board: Board, mpremote: Mpremote) -> None:
    board.files.write("/conf_a", b"first", soon())
    board.files.write("/conf_a", b"2nd", soon())
    assert mpremote("fs", "cat", ":conf_a") == b"2nd"
    mpremote("fs", "rm", ":conf_a")
    assert board.files.survey(Asked(("/conf_a",)), soon()).starts == {"/conf_a": None}
    with pytest.raises(DeviceFileError) as caught:
        board.files.read("/conf_a", soon())
    assert caught.value.errno == 2
    board.files.write("/conf_a", b"third", soon())
    board.files.remove(["/conf_a"], soon())
    assert b"conf_a" in mpremote("fs", "cat", ":conf_a", code=1)
