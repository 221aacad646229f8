"""A line that loses or changes bytes: the rig is told to be at fault, in time, and never a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.board import push, push_program
from harness.board.board import Board
from harness.board.deployer import Deployer
from harness.board.facility import ALL, Facility
from harness.board.files import DeviceFiles
from harness.board.manifest import Manifest, PushFile
from harness.board.profile import CODEY
from harness.board.push import Push
from harness.board.push_program import Asked, Change, PushProgram
from harness.deadline import Deadline
from harness.errors import (
    DeviceException,
    DeviceFileError,
    HarnessError,
    LinkTimeout,
    RemoteProtocolError,
)
from harness.link.rig import Link
from harness.scenario.verdict import BLOCKED, exit_of
from harness.wire.push_stream import CHUNK_BYTES
from tests.unit.board.test_push import TEXT, manifest_of, names_of_tests, soon

Rewrite = Callable[[bytes], bytes]

PLAIN = Facility(inflates=False)
#: What is written to enter the raw prompt.
ENTERING = b"\r\x03\x03\r\x01"


class Bad:
    """A link that changes what is written, and what is read."""

    def __init__(self, link: Link, change: Rewrite, change_back: Rewrite = bytes) -> None:
        self._link = link
        self._change = change
        self._change_back = change_back
        self.name = link.name

    def read(self, max_bytes: int, deadline: Deadline) -> bytes:
        """Read what is left of what came."""
        return self._change_back(self._link.read(max_bytes, deadline))

    def write(self, data: bytes, deadline: Deadline) -> None:
        """Write what is left of it."""
        self._link.write(self._change(data), deadline)

    def close(self) -> None:
        """Leave the link open: it is another's."""


def on_bad_line(board: Board, change: Rewrite, change_back: Rewrite = bytes) -> Board:
    """Return the board as it is seen over a line that changes what is written to it, or read."""
    rig = replace(board.rig, link=Bad(board.rig.link, change, change_back))
    return Board("bad", rig, CODEY)


def lose_one(at: int) -> Rewrite:
    """Return what loses the byte at a place of all that is written."""
    seen = 0

    def change(data: bytes) -> bytes:
        nonlocal seen
        start, seen = seen, seen + len(data)
        place = at - start
        return data[:place] + data[place + 1 :] if 0 <= place < len(data) else data

    return change


def turn_bit(at: int, bit: int) -> Rewrite:
    """Return what turns one bit of the byte at a place of all that is written."""
    seen = 0

    def change(data: bytes) -> bytes:
        nonlocal seen
        start, seen = seen, seen + len(data)
        place = at - start
        if not 0 <= place < len(data):
            return data
        return data[:place] + bytes((data[place] ^ 1 << bit,)) + data[place + 1 :]

    return change


@pytest.mark.parametrize("place", [700, 1200, 1500])
def test_push_that_lost_a_byte_ends_long_before_its_deadline(
    virtual: Board, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    # In the piece of program and in the payload: of a chunk that the line has torn the board waits
    # for the rest without a limit.
    monkeypatch.setattr(push, "SILENCE_S", 1.0)
    monkeypatch.setattr(push_program, "PATIENCE_MS", 300)
    manifest = manifest_of({"/t_text": TEXT, "/t_more": TEXT[::-1]})
    board = on_bad_line(virtual, lose_one(place))
    board.repl.enter(soon())
    deadline = Deadline.after(60.0)
    with pytest.raises(HarnessError) as caught:
        Deployer(board.files, lambda: 0).deploy(manifest, deadline)
    assert deadline.remaining_s > 45
    assert exit_of(caught.value) == BLOCKED
    assert all(caught.value.parts().values())
    virtual.repl.enter(soon())
    assert Deployer(virtual.files, lambda: 0).deploy(manifest, soon()).manifest == manifest.sha256
    virtual.files.remove(["/t_text", "/t_more"], soon())


def test_name_that_was_changed_on_its_way_is_not_written(virtual: Board) -> None:
    board = on_bad_line(virtual, lambda data: data.replace(b"(('/t_text',", b"(('/t_taxt',"))
    board.repl.enter(soon())
    board.files.facility = PLAIN
    with pytest.raises(RemoteProtocolError) as caught:
        Deployer(board.files, lambda: 0).deploy(manifest_of({"/t_text": TEXT}), soon())
    assert exit_of(caught.value) == BLOCKED
    virtual.repl.enter(soon())
    assert names_of_tests(virtual) == []


def test_name_that_was_changed_on_its_way_is_not_removed(virtual: Board) -> None:
    board = on_bad_line(virtual, lambda data: data.replace(b"(('/t_old',", b"(('/t_olt',"))
    virtual.files.write("/t_olt", b"another file", soon())
    board.repl.enter(soon())
    board.files.facility = PLAIN
    with pytest.raises(RemoteProtocolError):
        board.files.update(Asked(), Change(("/t_old",), {}), soon())
    virtual.repl.enter(soon())
    assert names_of_tests(virtual) == ["/t_olt"]


def test_folder_that_was_changed_on_its_way_keeps_its_files(virtual: Board) -> None:
    board = on_bad_line(virtual, lambda data: data.replace(b"(['/t_m']", b"(['/t_n']"))
    virtual.files.write("/t_n/foreign", b"not ours", soon())
    board.repl.enter(soon())
    board.files.facility = PLAIN
    manifest = replace(manifest_of({"/t_m/ours": TEXT}), mirrored=("/t_m",))
    try:
        with pytest.raises(RemoteProtocolError, match="other folders"):
            Deployer(board.files, lambda: 0).deploy(manifest, soon())
        virtual.repl.enter(soon())
        assert virtual.files.read("/t_n/foreign", soon()) == b"not ours"
    finally:
        virtual.files.remove(["/t_n/foreign"], soon())
        virtual.exec("import os; os.rmdir('/t_n')", soon())


@pytest.mark.parametrize("said", [b"\x07", b"\x08"])
def test_grant_that_became_a_file_in_place_on_its_way_is_told_as_the_lines(
    virtual: Board, said: bytes
) -> None:
    board = on_bad_line(virtual, bytes, lambda data: data.replace(b"\x06", said))
    board.repl.enter(soon())
    with pytest.raises(RemoteProtocolError, match="more files") as caught:
        Deployer(board.files, lambda: 0).deploy(manifest_of({"/t_text": TEXT * 2}), soon())
    assert exit_of(caught.value) == BLOCKED
    assert all(caught.value.parts().values())
    virtual.repl.enter(soon())
    assert names_of_tests(virtual) == []


def test_no_bit_turned_in_the_rows_of_a_deflated_push_makes_another_file(virtual: Board) -> None:
    change = Change(("/t_old",), {"/t_text": TEXT, "/t_more": TEXT[::-1]})
    program = PushProgram(Asked(), inflates=True)
    code, (piece, _payload) = program.change_first(change, skips=False)
    before = len(ENTERING) + len(code) + len(b"\x04") + sum(map(len, piece))
    for bit in range(0, 8 * CHUNK_BYTES, 23):
        board = on_bad_line(virtual, turn_bit(before + bit // 8, bit % 8))
        board.repl.enter(soon())
        with pytest.raises(HarnessError):
            Push(board.repl, ALL).write(change, soon())
        virtual.repl.enter(soon())
        for path in names_of_tests(virtual):
            assert virtual.files.read(path, soon()) == change.write[path]


def test_silence_in_a_push_is_told_as_such(virtual: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "SILENCE_S", 0.5)
    board = on_bad_line(virtual, lose_one(700))
    board.repl.enter(soon())
    with pytest.raises(LinkTimeout, match="nothing more came from the board") as caught:
        Deployer(board.files, lambda: 0).deploy(manifest_of({"/t_text": TEXT * 2}), soon())
    assert "loses or changes bytes" in caught.value.advice
    virtual.repl.enter(soon())


@pytest.mark.parametrize(
    ("sent", "came"),
    [(b"return{", b"return["), (b"import machine", b"import mechine"), (b"exec(s", b"exec(x")],
    ids=["nonsense", "a module that is not there", "the check itself"],
)
def test_question_that_was_changed_on_its_way_has_no_answer(
    virtual: Board, sent: bytes, came: bytes
) -> None:
    board = on_bad_line(virtual, lambda data: data.replace(sent, came, 1))
    with pytest.raises(RemoteProtocolError) as caught:
        board.identify(soon())
    assert exit_of(caught.value) == BLOCKED
    assert all(caught.value.parts().values())
    assert virtual.identify(soon()).id


@pytest.mark.parametrize(
    ("sent", "came"),
    [(b"os.listdir", b"os.listdi?"), (b"rstrip", b"lstrip"), (b"16384", b"16385")],
    ids=["nonsense", "another name", "another number"],
)
def test_code_for_files_that_was_changed_on_its_way_is_told_as_the_lines(
    virtual: Board, sent: bytes, came: bytes
) -> None:
    board = on_bad_line(virtual, lambda data: data.replace(sent, came))
    board.repl.enter(soon())
    with pytest.raises(RemoteProtocolError) as caught:
        board.files.list("/", soon())
    assert exit_of(caught.value) == BLOCKED
    virtual.repl.enter(soon())


def test_heap_that_is_too_small_for_any_way_is_the_rigs(virtual: Board) -> None:
    virtual.exec(
        "rest, hold = bytearray(2500), None\n"
        "for size in (4096, 256, 32):\n"
        " try:\n"
        "  while True: hold = (bytearray(size), hold)\n"
        " except MemoryError: pass\n"
        "del rest",
        soon(),
    )
    files = DeviceFiles(virtual.repl)
    try:
        with pytest.raises(DeviceFileError) as caught:
            Deployer(files, lambda: 0).deploy(
                Manifest({"/t_x": PushFile("/t_x", TEXT * 3, "t_x")}), soon()
            )
        assert exit_of(caught.value) == BLOCKED
        assert "MemoryError" in caught.value.got
    finally:
        virtual.reset(soon())


@pytest.mark.parametrize("skips", [False, True])
def test_stream_that_ends_before_its_file_does_ends_the_push(
    virtual: Board, monkeypatch: pytest.MonkeyPatch, *, skips: bool
) -> None:
    # What a turned bit can make of it; the line goes on to the end of the payload.
    whole = PushProgram._payload

    def cut_short(program: PushProgram, change: Change) -> list[bytes]:
        half = {path: data[: len(data) // 2] for path, data in change.write.items()}
        return whole(program, replace(change, write=half))

    virtual.files.write("/t_text", TEXT, soon())
    monkeypatch.setattr(PushProgram, "_payload", cut_short)
    pushing, change = Push(virtual.repl, ALL), Change((), {"/t_text": TEXT})
    deadline = Deadline.after(60.0)
    with pytest.raises(DeviceException, match="ValueError"):
        pushing._change(Asked(), change, deadline, skips=skips)
    # The board has given up by itself: nobody has interrupted it after a silence.
    assert deadline.remaining_s > 60.0 - push.SILENCE_S
    assert virtual.repl.is_idle
    monkeypatch.undo()
    assert virtual.files.read("/t_text", soon()) == TEXT
    assert names_of_tests(virtual) == ["/t_text"]
