"""A line that loses or changes bytes: the rig is told to be at fault, in time, and never a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.board import push, push_program
from harness.board.board import Board
from harness.board.deployer import Deployer
from harness.board.files import DeviceFiles
from harness.board.manifest import Manifest, PushFile
from harness.board.profile import CODEY
from harness.deadline import Deadline
from harness.errors import DeviceFileError, HarnessError, LinkTimeout, RemoteProtocolError
from harness.link.rig import Link
from harness.scenario.verdict import BLOCKED, exit_of
from tests.unit.board.test_push import TEXT, manifest_of, soon

Change = Callable[[bytes], bytes]


class Bad:
    """A link that changes what is written, once its turn has come."""

    def __init__(self, link: Link, change: Change) -> None:
        self._link = link
        self._change = change
        self.name = link.name

    def read(self, max_bytes: int, deadline: Deadline) -> bytes:
        """Read what came."""
        return self._link.read(max_bytes, deadline)

    def write(self, data: bytes, deadline: Deadline) -> None:
        """Write what is left of it."""
        self._link.write(self._change(data), deadline)

    def close(self) -> None:
        """Leave the link open: it is another's."""


def on_bad_line(board: Board, change: Change) -> Board:
    """Return the board as it is seen over a line that changes what is written to it."""
    rig = replace(board.rig, link=Bad(board.rig.link, change))
    return Board("bad", rig, CODEY)


def lose_one(at: int) -> Change:
    """Return what loses the byte at a place of all that is written."""
    seen = 0

    def change(data: bytes) -> bytes:
        nonlocal seen
        start, seen = seen, seen + len(data)
        place = at - start
        return data[:place] + data[place + 1 :] if 0 <= place < len(data) else data

    return change


@pytest.mark.parametrize("place", [700, 1200, 1500])
def test_push_that_lost_a_byte_ends_long_before_its_deadline(
    virtual: Board, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    # In the piece of program, where the board waits without a limit, and in the payload.
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
