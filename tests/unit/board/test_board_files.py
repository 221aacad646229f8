"""Files, deployment and read-back on a real virtual board, and what happens when they fail."""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest

from harness.board.board import Board, BoardIdentity
from harness.board.deployer import Deployer
from harness.board.files import DeviceFiles
from harness.board.manifest import Manifest, PushFile
from harness.board.push import Survey
from harness.board.push_program import Asked, Change
from harness.board.repl import Repl
from harness.board.snapshot import rows_from_columns
from harness.deadline import Deadline
from harness.errors import (
    DeployError,
    DeviceFileError,
    HarnessError,
    IdentityMismatch,
    LinkLost,
    RemoteProtocolError,
)
from harness.link.rig import Link, Rig

#: Fills the flash to its last block with files of 16 KiB and then of 512 bytes.
FILL = """
import os
import random
n = 0
for size in (16384, 512):
    try:
        while True:
            with open("/t_fill%d" % n, "wb") as f:
                f.write(b"x" * size)
            n += 1
    except OSError as e:
        print(e.args[0])
        os.remove("/t_fill%d" % n)
"""

#: Does not deflate, and so crosses the line as it is; no byte of it is escaped.
PLAIN = bytes(random.Random(38).choices(range(32, 256), k=8000))  # noqa: S311, test data


def soon() -> Deadline:
    """Return a deadline that only a hang misses."""
    return Deadline.after(20.0)


class Bent:
    """A link to the same board, with a hand on what is sent."""

    def __init__(self, link: Link, bend: Callable[[bytes], bytes]) -> None:
        self._link = link
        self._bend = bend
        self.name = link.name

    def read(self, max_bytes: int, deadline: Deadline) -> bytes:
        """Read as it comes."""
        return self._link.read(max_bytes, deadline)

    def write(self, data: bytes, deadline: Deadline) -> None:
        """Write what the hand makes of it."""
        self._link.write(self._bend(data), deadline)

    def close(self) -> None:
        """Leave the link open: it is another's."""


def names(board: Board) -> list[str]:
    return [name for name, _, _ in board.files.list("/", soon()) if name.startswith("t_")]


@pytest.mark.parametrize("size", [0, 1, 127, 128, 129, 255, 256, 257, 7680])
def test_file_of_any_size_comes_back(virtual: Board, size: int) -> None:
    data = os.urandom(size)
    told: list[str] = []
    virtual.files.write("/t_new", data, soon(), told.append)
    assert virtual.files.read("/t_new", soon()) == data
    assert told == ["/t_new"]
    assert names(virtual) == ["t_new"]


def test_missing_folders_are_made_and_listed(virtual: Board) -> None:
    virtual.files.write("/t_folder/deep/file", b"1", soon())
    assert virtual.files.list("/t_folder", soon()) == [("deep", True, 0)]
    assert virtual.files.list("/t_folder/deep", soon()) == [("file", False, 1)]
    virtual.files.remove(["/t_folder/deep/file"], soon())
    virtual.exec("import os; os.rmdir('/t_folder/deep'); os.rmdir('/t_folder')", soon())


def test_remove_of_an_absent_file_is_no_error_but_of_a_folder_is(virtual: Board) -> None:
    virtual.files.remove(["/t_absent"], soon())
    with pytest.raises(DeviceFileError, match="removing /hil"):
        virtual.files.remove(["/hil"], soon())


@pytest.mark.parametrize("verb", ["read", "list"])
def test_absent_path_gives_the_boards_errno(virtual: Board, verb: str) -> None:
    with pytest.raises(DeviceFileError) as caught:
        getattr(virtual.files, verb)("/t_absent", soon())
    assert caught.value.errno == 2
    assert "/t_absent" in caught.value.tried


def test_full_flash_leaves_the_old_file_and_nothing_half(virtual: Board) -> None:
    virtual.files.write("/t_kept", b"old", soon())
    assert b"28" in virtual.exec(FILL, soon())
    before = names(virtual)
    known = virtual.repl.evaluate("set(globals())", soon())
    try:
        with pytest.raises(DeviceFileError, match="writing /t_kept") as caught:
            virtual.files.write("/t_kept", bytes(40_000), soon())
        assert caught.value.errno == 28
        assert "statvfs" in caught.value.advice
        assert names(virtual) == before
        assert virtual.files.read("/t_kept", soon()) == b"old"
        assert virtual.repl.evaluate("set(globals())", soon()) == known
    finally:
        virtual.files.remove([f"/{name}" for name in before], soon())
    virtual.files.write("/t_kept", bytes(40_000), soon())


def test_line_that_changes_a_byte_is_found_before_the_file_is_in_place(virtual: Board) -> None:
    virtual.files.write("/t_kept", b"old", soon())

    def bend(data: bytes) -> bytes:
        # A chunk of 64 bytes, wherever it begins, holds one of two neighbours whole.
        for start in (100, 110):
            part = PLAIN[start : start + 10]
            data = data.replace(part, part[:9] + bytes([part[9] ^ 1]))
        return data

    files = DeviceFiles(bent_repl(virtual, bend))
    with pytest.raises(DeployError, match="not what was sent") as caught:
        files.write("/t_kept", PLAIN, soon())
    assert "/t_kept" in caught.value.tried
    assert "digest" in caught.value.expected
    back(virtual)
    assert names(virtual) == ["t_kept"]
    assert virtual.files.read("/t_kept", soon()) == b"old"


def test_port_that_vanishes_in_the_middle_leaves_the_old_file(virtual: Board) -> None:
    virtual.files.write("/t_kept", b"old", soon())

    sent = 0

    def bend(data: bytes) -> bytes:
        nonlocal sent
        sent += len(data)
        # The receiver is 1.2 kB, the file 8.
        if sent > 5000:
            raise LinkLost("unplugged", on="here")
        return data

    files = DeviceFiles(bent_repl(virtual, bend))
    with pytest.raises(LinkLost):
        files.write("/t_kept", PLAIN, soon())
    back(virtual)
    assert virtual.files.read("/t_kept", soon()) == b"old"
    virtual.files.write("/t_kept", b"new", soon())
    assert names(virtual) == ["t_kept"]


def bent_repl(board: Board, bend: Callable[[bytes], bytes]) -> Repl:
    """Return a REPL of its own on the board's line."""
    board.repl.leave(soon())
    repl = Repl(Bent(board.rig.link, bend))
    repl.enter(soon())
    return repl


def back(board: Board) -> None:
    """Give the line back to the board's own REPL."""
    board.repl.enter(soon())


def manifest_of(**files: bytes) -> Manifest:
    pushed = {f"/t_{name}": PushFile(f"/t_{name}", data, name) for name, data in files.items()}
    return Manifest(files=pushed)


def test_deploy_pushes_once_and_proves_it(virtual: Board) -> None:
    crossed = iter([100, 350, 400, 500])
    deployer = Deployer(virtual.files, lambda: next(crossed))
    manifest = manifest_of(a=b"1", b=bytes(3000))
    told: list[tuple[str, int]] = []
    first = deployer.deploy(manifest, soon(), lambda path, size: told.append((path, size)))
    assert (first.pushed, first.unchanged, first.removed) == (("/t_a", "/t_b"), (), ())
    assert (first.bytes_payload, first.bytes_line) == (3001, 250)
    assert sorted(told) == [("/t_a", 1), ("/t_b", 3000)]
    second = deployer.deploy(manifest, soon())
    assert (second.pushed, second.unchanged) == ((), ("/t_a", "/t_b"))
    assert second.manifest == first.manifest == deployer.verify(manifest, soon())
    virtual.files.write("/t_a", b"2", soon())
    assert deployer.verify(manifest, soon()) != manifest.sha256


def test_deploy_that_the_board_does_not_keep_is_an_error(virtual: Board) -> None:
    class Forgetful(DeviceFiles):
        def update(
            self,
            asked: Asked,
            choose: Change | Callable[[Survey], Change],
            deadline: Deadline,
            progress: Callable[[str], None] | None = None,
        ) -> Survey:
            """Write, and lose the last byte, as a worn flash may."""
            assert isinstance(choose, Change)
            lost = {path: data[:-1] for path, data in choose.write.items()}
            return super().update(asked, Change((), lost), deadline, progress)

    deployer = Deployer(Forgetful(virtual.repl), lambda: 0)
    with pytest.raises(DeployError, match="does not hold what was pushed") as caught:
        deployer.deploy(manifest_of(a=b"12"), soon())
    assert caught.value.got == "/t_a"


def test_snapshots_with_a_probe_have_every_source(virtual: Board) -> None:
    virtual.exec("import codey, hilprobe; hilprobe.arm(); codey.display.show(38)", soon())
    virtual.exec("codey.led.show(0, 0, 255)", soon())
    found = virtual.snapshots(soon())
    assert [each.source for each in found] == ["commanded", "device", "bench"]
    picture = rows_from_columns(bytes.fromhex("54547c007c547c000000000000000000"))
    assert {each.pixels for each in found} == {picture}
    assert {each.led for each in found} == {(0, 0, 255)}
    assert [each.text for each in found] == ["38", None, None]


def test_snapshot_does_not_change_what_it_looks_at(virtual: Board) -> None:
    """The first import of codey makes the panel dark; a panel keeps its picture over a reset."""
    virtual.exec("import codey; codey.display.show(38)", soon())
    virtual.repl.soft_reset(soon())
    (bench,) = virtual.snapshots(soon())
    assert bench.source == "bench"
    assert bench.pixels == rows_from_columns(bytes.fromhex("54547c007c547c"))


def test_snapshots_without_a_probe_come_through_the_documented_api(virtual: Board) -> None:
    virtual.readback.has_probe = False
    virtual.exec("import codey; codey.display.show(38)", soon())
    device, bench = virtual.snapshots(soon())
    assert (device.source, bench.source) == ("device", "bench")
    assert device.pixels == bench.pixels
    assert device.text is None
    assert not device.is_led_known
    assert bench.is_led_known


def test_probe_that_says_nothing_is_told(virtual: Board) -> None:
    virtual.exec("import codey, hilprobe; hilprobe.snapshot = lambda: print('nothing')", soon())
    with pytest.raises(RemoteProtocolError, match="no snapshot") as caught:
        virtual.snapshots(soon())
    assert b"nothing" in caught.value.received
    assert caught.value.advice == "hil deploy"


def test_identity_is_asked_for_and_held_to(virtual: Board) -> None:
    found = virtual.identify(soon())
    assert len(found.id) == 12
    assert found.firmware.startswith("micropython 1.")
    virtual.require_identity(found, soon())
    other = BoardIdentity("000000000000", found.firmware, found.machine)
    with pytest.raises(IdentityMismatch) as caught:
        virtual.require_identity(other, soon())
    assert found.id in caught.value.got
    assert "000000000000" in caught.value.expected


def test_reset_line_and_switch_give_a_fresh_interpreter(virtual: Board) -> None:
    for reset in (virtual.hard_reset, virtual.power_cycle):
        virtual.exec("marked = 1", soon())
        reset(soon())
        assert virtual.exec("print('marked' in globals())", soon()) == b"False\r\n"


def test_rig_without_line_and_switch_says_so(virtual: Board) -> None:
    bare = Board("bare", Rig(virtual.rig.link, "hardware", "port:x"), virtual.profile)
    assert "lines" not in bare.capabilities()
    assert "lines" in virtual.capabilities()
    with pytest.raises(HarnessError, match="cannot be reset by a line"):
        bare.hard_reset(soon())
    with pytest.raises(HarnessError, match="supply cannot be switched"):
        bare.power_cycle(soon())
