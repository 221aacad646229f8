"""A push on a real virtual board: power cuts, dead hosts, missing modules, small buffers."""

from __future__ import annotations

import contextlib
import hashlib
import random
from collections.abc import Callable, Iterator

import pytest

from harness.board import push_program
from harness.board.board import Board
from harness.board.deployer import Deployer
from harness.board.facility import ALL, Facility, probe_facility
from harness.board.files import DeviceFiles
from harness.board.manifest import Manifest, PushFile
from harness.board.profile import CODEY
from harness.board.push_program import Asked, Change, PushProgram
from harness.board.repl import Repl
from harness.deadline import Deadline
from harness.errors import DeviceException, LinkLost, LinkTimeout
from harness.lab.opened import OpenedBoard, open_board
from harness.link.rig import Link
from harness.link.spec import BoardSpec
from harness.link.virtual import VirtualControl, VirtualSettings, find_control

CHANCE = random.Random(38)  # noqa: S311, test data
RANDOM = CHANCE.randbytes(1500)
TEXT = b"".join(b"line %d of a text\n" % number for number in range(150))
OLD = {"/t_text": b"old text", "/t_random": b"old random"}
NEW = {"/t_text": TEXT, "/t_random": RANDOM}


def soon() -> Deadline:
    """Return a deadline that only a hang misses."""
    return Deadline.after(20.0)


class Unplugged(LinkLost):
    """What `Counted` raises at its step."""


class Counted:
    """A link that counts its reads and writes, and does something before one of them."""

    def __init__(self, link: Link, at: int, act: Callable[[], None]) -> None:
        self._link = link
        self._at = at
        self._act = act
        self.step = 0
        self.name = link.name

    def _count(self) -> None:
        self.step += 1
        if self.step == self._at:
            self._act()
        if self.step >= self._at:
            raise Unplugged("the test has pulled the plug", on=self.name)

    def read(self, max_bytes: int, deadline: Deadline) -> bytes:
        """Read after the count."""
        self._count()
        return self._link.read(max_bytes, deadline)

    def write(self, data: bytes, deadline: Deadline) -> None:
        """Write after the count."""
        self._count()
        self._link.write(data, deadline)

    def close(self) -> None:
        """Leave the link open: it is another's."""


def manifest_of(files: dict[str, bytes]) -> Manifest:
    return Manifest({path: PushFile(path, data, path) for path, data in files.items()})


def push_until(board: Board, step: int, act: Callable[[], None]) -> bool:
    """Push `NEW` over a link that ends at a step; return whether the push came to its end."""
    link = Counted(board.rig.link, step, act)
    repl = Repl(link)
    # The board is at the raw prompt; what entering it takes is no part of the count.
    repl._machine = board.repl._machine
    try:
        Deployer(DeviceFiles(repl), lambda: 0).deploy(manifest_of(NEW), soon())
    except Unplugged:
        return False
    return True


def steps_of_a_push() -> range:
    """Return more steps than a push of `NEW` has; the test ends with the first that it lacks."""
    return range(1, 400)


def names_of_tests(board: Board) -> list[str]:
    """Return the files that a test has left."""
    names = [name for name, _, _ in board.files.list("/", soon())]
    return [f"/{name}" for name in names if name.startswith("t_")]


def require_old_or_new(board: Board) -> list[str]:
    """Check that no file is half; return what else lies there."""
    for path, new in NEW.items():
        assert board.files.read(path, soon()) in (OLD[path], new), path
    return [name for name in names_of_tests(board) if name not in NEW]


def put_old(board: Board) -> None:
    for path, data in OLD.items():
        board.files.write(path, data, soon())


def test_power_cut_at_every_step_leaves_the_old_file_or_the_new_one(virtual: Board) -> None:
    power = virtual.rig.power
    assert power is not None
    for step in steps_of_a_push():
        put_old(virtual)
        done = push_until(virtual, step, lambda: power.off(soon()))
        power.off(soon())
        power.on(soon())
        virtual.repl.enter(soon())
        assert set(require_old_or_new(virtual)) <= {"/t_text.new", "/t_random.new"}
        if done:
            break
    else:
        pytest.fail("the push has more steps than were tried")
    assert step > 8
    assert require_old_or_new(virtual) == [], "what a cut has left is replaced by the next push"


def test_host_that_dies_at_any_step_leaves_a_board_that_answers_at_once(virtual: Board) -> None:
    for step in steps_of_a_push():
        put_old(virtual)
        # Nobody interrupts the board: what was sent last is all that it hears.
        done = push_until(virtual, step, lambda: None)
        virtual.repl.enter(Deadline.after(3.0))
        assert require_old_or_new(virtual) == []
        if done:
            break
    else:
        pytest.fail("the push has more steps than were tried")
    assert step > 8


def require_given_up(board: Board, code: str, sent: bytes) -> None:
    """Let a host die that has sent so much: the board must be at its prompt again by itself."""
    running = board.repl.start(code, soon())
    running.send(sent, soon())
    with pytest.raises(DeviceException) as caught:
        running.wait(soon())
    assert caught.value.type_name == "IndexError", "nothing was there to be read"
    assert board.exec("print(38)", soon()) == b"38\r\n"


def test_board_whose_host_dies_before_any_chunk_gives_up_by_itself(
    virtual: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_program, "PATIENCE_MS", 50)
    program = PushProgram(Asked(), inflates=True)
    code, batches = program.change_first(Change((), NEW), skips=False)
    chunks = [chunk for batch in batches for chunk in batch]
    assert len(batches[0]) > 4, "the loader's own"
    put_old(virtual)
    for count in range(len(chunks)):
        require_given_up(virtual, code, b"".join(chunks[:count]))
        assert require_old_or_new(virtual) == []


def test_board_whose_host_dies_after_its_answer_gives_up_by_itself(
    virtual: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_program, "PATIENCE_MS", 50)
    for count in range(6):
        program = PushProgram(Asked(("/t_text",)), inflates=True)
        code, batches = program.survey_first()
        program_and_payload = program.then_change(Change((), {"/t_text": TEXT}))
        chunks = [*batches[0], *program_and_payload[0][:count]]
        require_given_up(virtual, code, b"".join(chunks))


HIDE_ALL = """
sys.stdin = sys.stdout = 1
for name in ("deflate", "hashlib", "binascii", "select"):
    sys.modules[name] = 1
"""
HIDDEN = {
    "deflate": ("sys.modules['deflate'] = 1", Facility(inflates=False)),
    "hashlib": ("sys.modules['hashlib'] = 1", Facility(digests=False)),
    "binascii": ("sys.modules['binascii'] = 1", Facility(digests=False, decodes=False)),
    "select": ("sys.modules['select'] = 1", Facility(inflates=False, streams=False)),
    "bytes in": ("sys.stdin = 1", Facility(inflates=False, streams=False)),
    "bytes out": ("sys.stdout = 1", Facility(prints_bytes=False)),
    "all": (
        HIDE_ALL,
        Facility(*[False] * 5),
    ),
}


@pytest.mark.parametrize("what", HIDDEN)
def test_push_and_read_without_a_module(virtual: Board, what: str) -> None:
    hide, facility = HIDDEN[what]
    virtual.exec(f"import sys\n{hide}", soon())
    sources: list[str] = []

    class Noted:
        def on_exec(self, source: str, *_: object) -> None:
            sources.append(source)

    virtual.repl.observer = Noted()
    try:
        files = DeviceFiles(virtual.repl)
        deployer = Deployer(files, lambda: 0)
        manifest = manifest_of({**NEW, "/t_folder/empty": b""})
        result = deployer.deploy(manifest, soon())
        assert set(result.pushed) == set(manifest.files)
        assert result.manifest == manifest.sha256 == deployer.verify(manifest, soon())
        assert {path: files.read(path, soon()) for path in NEW} == NEW
        assert deployer.deploy(manifest, soon()).pushed == ()
        assert sum("probe" in source for source in sources) == 1
        assert files.facility == facility
    finally:
        virtual.repl.observer = None
        virtual.reset(soon())
        virtual.exec("import os; os.remove('/t_folder/empty'); os.rmdir('/t_folder')", soon())


def test_board_that_has_all_is_not_asked(virtual: Board) -> None:
    assert probe_facility(virtual.repl, soon()) == ALL


def test_small_heap_gets_plain_bytes(virtual: Board) -> None:
    # In the smallest pieces, which fill each hole: what is left is free in one.
    virtual.exec(
        "import gc\nhold = None\ngc.collect()\nwhile gc.mem_free() > 20000:\n hold = [hold]",
        soon(),
    )
    assert not probe_facility(virtual.repl, soon()).inflates


def test_mirrored_folder_loses_what_is_foreign_and_keeps_what_is_protected(virtual: Board) -> None:
    for path in ("/t_m/old", "/t_m/deep/old", "/t_m/kept"):
        virtual.files.write(path, b"x", soon())
    files = {"/t_m/new": PushFile("/t_m/new", b"new", "new")}
    manifest = Manifest(files, mirrored=("/t_m",), protected=("/t_m/kept",))
    deployer = Deployer(virtual.files, lambda: 0)
    result = deployer.deploy(manifest, soon())
    assert (result.pushed, result.removed) == (("/t_m/new",), ("/t_m/deep/old", "/t_m/old"))
    assert deployer.deploy(manifest, soon()).removed == ()
    assert [name for name, _, _ in virtual.files.list("/t_m", soon())] == ["deep", "kept", "new"]
    virtual.files.remove(["/t_m/new", "/t_m/kept"], soon())
    virtual.exec("import os; os.rmdir('/t_m/deep'); os.rmdir('/t_m')", soon())


@pytest.mark.parametrize("inflates", [True, False])
def test_many_files_are_named_and_pushed_at_once(virtual: Board, *, inflates: bool) -> None:
    names = [hashlib.sha256(b"%d" % number).hexdigest() for number in range(60)]
    manifest = manifest_of({f"/t_{name}": name.encode() for name in names})
    files = DeviceFiles(virtual.repl)
    files.facility = Facility(inflates=inflates)
    deployer = Deployer(files, lambda: 0)
    try:
        assert len(deployer.deploy(manifest, soon()).pushed) == 60
        assert len(deployer.deploy(manifest, soon()).unchanged) == 60
        assert files.facility == Facility(inflates=inflates), "nothing turned out to be missing"
    finally:
        files.remove(list(manifest.files), soon())


@pytest.fixture(scope="module")
def narrow() -> Iterator[OpenedBoard]:
    """A board on a throttled line whose receive buffer is an ESP32's."""
    settings = VirtualSettings(baud=115200, latency_ms=1.0, uart_bytes=260)
    opened = open_board(BoardSpec("virtual", "1", "virtual"), CODEY, virtual=settings)
    with contextlib.closing(opened):
        yield opened


def lost_bytes(opened: OpenedBoard) -> int:
    path = find_control(opened.opened.tap.name)
    assert path is not None
    with contextlib.closing(VirtualControl(path)) as control:
        lost: int = control.ask("state", soon())["lost_input_bytes"]
    return lost


@pytest.mark.parametrize("facility", [ALL, Facility(inflates=False), Facility(streams=False)])
def test_receive_buffer_of_an_esp32_never_overruns(narrow: OpenedBoard, facility: Facility) -> None:
    board = narrow.board
    board.files.facility = facility
    data = {"/n_random": RANDOM * 2, "/n_text": TEXT}
    board.files.update(Asked(), Change((), data), soon())
    for path, expected in data.items():
        assert board.files.read(path, soon()) == expected
    assert lost_bytes(narrow) == 0


def test_push_that_is_late_interrupts_the_board(narrow: OpenedBoard) -> None:
    board = narrow.board
    board.files.facility = ALL
    board.files.write("/n_kept", b"old", soon())
    # On this line it takes 5 s.
    data = CHANCE.randbytes(58_000)
    with pytest.raises(LinkTimeout):
        board.files.write("/n_kept", data, Deadline.after(1.5))
    assert board.repl.is_idle
    assert board.exec("print(38)", soon()) == b"38\r\n"
    assert board.files.read("/n_kept", soon()) == b"old"
    names = [name for name, _, _ in board.files.list("/", soon())]
    assert "n_kept.new" not in names


def test_answer_is_the_manifests_hash(virtual: Board) -> None:
    found = virtual.files.survey(Asked(("/t_none",)), soon())
    assert found.sha256 == hashlib.sha256(b"/t_none None\n").hexdigest()
    assert found.starts == {"/t_none": None}
