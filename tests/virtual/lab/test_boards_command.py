"""`hil boards`, `hil flash` and `hil doctor --board` on virtual boards, and on a stock one."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.board.profile import CODEY
from harness.deadline import Deadline
from harness.errors import LeaseBusy
from harness.lab.lease import LeaseTerms, list_leases, take_lease
from harness.lab.opened import open_board
from harness.lab.probed import Aside, ProbedFile
from harness.link.spec import parse_specs
from harness.link.virtual import VirtualControl, VirtualProcess, find_control
from harness.wire.stock_frame import VERSION_QUERY, Frame
from tests.virtual.fault.command import Commands
from tests.virtual.fault.peer import Peer, silence
from tests.virtual.lab.relay import LabRelay

VERSION = b"23.01.012"

MakeBoard = Callable[[], VirtualProcess]

#: A power switch that obeys and cuts nothing.
NO_SWITCH = 'driver = "command"\noff = "true"\non = "true"\noff_s = 0\n'


def stock(data: bytes) -> bytes:
    """Answer as the factory firmware does: to its own frames, and to no Ctrl-C."""
    return b"codey ready\r\n" + Frame(6, VERSION).encode() if VERSION_QUERY in data else b""


def inventory(hil: Commands, **ports: str) -> ProbedFile:
    path = hil.folder / "boards.toml"
    path.write_text(
        "".join(f'[boards.{name}]\nport = "port:{port}"\n' for name, port in ports.items())
    )
    return ProbedFile(path)


def test_board_is_added_with_what_it_says_of_itself(hil: Commands, make_board: MakeBoard) -> None:
    board = make_board()
    port = board.port
    added = hil.run("boards", "add", port, "--name", "c1", "--tag", "wifi", "--json")
    assert added.code == 0, added.err
    assert added.json["id"] == board.id
    assert (added.json["name"], added.json["label"]) == ("c1", "A")
    listed = hil.run("boards", "--json")
    (row,) = listed.json["boards"]
    assert (row["name"], row["state"], row["id"]) == ("c1", "free", added.json["id"])
    assert row["firmware"].startswith("micropython")
    again = hil.run("boards", "add", port)
    assert again.code == 4
    assert "not in the inventory yet; got c1" in again.line
    # By its name, its tag and its port it is the same board now.
    for spec in ("c1", "tag:wifi", f"port:{port}"):
        assert hil.run("exec", "print(1)", "--board", spec).out == "1\n"


def test_factory_firmware_is_recognised_and_said_to_have_no_repl(
    hil: Commands, make_peer: Callable[..., Peer]
) -> None:
    peer = make_peer(stock)
    done = hil.run("boards", "add", peer.path)
    assert done.code == 10
    assert "the board runs its factory firmware, 23.01.012, which has no REPL" in done.line
    assert "hil flash IMAGE --board" in done.line
    assert not (hil.folder / "boards.toml").exists()
    assert done.seconds < 15


def test_label_is_shown_on_the_boards_own_panel_and_removed_afterwards(hil: Commands) -> None:
    _, port = hil.board()
    inventory(hil, c1=port)
    assert hil.run("boards", "label", "c1", "Q7").code == 0
    before = hil.run("exec", "import codey; codey.display.show(38)", "--board", "c1")
    assert before.code == 0
    path = find_control(port)
    assert path is not None
    control = VirtualControl(path)
    shown = control.bench.state(Deadline.after(5)).columns
    running = hil.start("boards", "identify", "c1", "--for", "0.5")
    running.until(lambda: "c1 shows 'Q7'" in running.err)
    assert running.wait().code == 0
    after = control.bench.state(Deadline.after(5)).columns
    seen = [event.columns for event in control.bench.events() if event.what == "panel"]
    control.close()
    assert after == shown
    assert shown != bytes(16)
    assert any(columns not in (shown, bytes(16)) for columns in seen)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("label", "c1", "toolong"), "this cannot be a label"),
        (("label", "c9", "A"), "no board of this name"),
        (("readmit", "c9"), "no such board"),
        (("health", "c9"), "unknown board"),
        (("add", "c1"), "no port that could be added"),
        (("add", "virtual"), "no port that could be added"),
        (("fly",), "invalid choice"),
    ],
)
def test_wrong_use_of_boards_is_told_in_one_line(
    hil: Commands, arguments: tuple[str, ...], said: str
) -> None:
    inventory(hil, c1="/dev/absent")
    done = hil.run("boards", *arguments)
    assert done.code == 4
    assert said in done.line


def test_health_tells_each_board_and_sets_a_dead_one_aside_until_it_is_readmitted(
    hil: Commands, make_peer: Callable[..., Peer], make_board: MakeBoard
) -> None:
    port = make_board().port
    dead = make_peer(silence)
    probed = inventory(hil, c1=port, dead=dead.path, gone="/dev/absent")
    # So that the ladder has a rung to try.
    with (hil.folder / "boards.toml").open("a") as file:
        file.write(
            '[boards.dead.power]\ndriver = "command"\noff = "true"\non = "true"\noff_s = 0\n'
        )
    first = hil.run("boards", "health", "--recover", "--json")
    assert first.code == 10
    rows: dict[str, Any] = {row["name"]: row for row in first.json["boards"]}
    assert {name: row["state"] for name, row in rows.items()} == {
        "c1": "ok",
        "dead": "silent",
        "gone": "absent",
    }
    assert [rung["rung"] for rung in rows["dead"]["rungs"]][-1] == "power cycle"
    assert rows["dead"]["seconds"] < 15
    assert probed.read("dead").aside is not None
    # The next start refuses it at once, with the reason.
    (hil.folder / "test_it.py").write_text("def test_it(board): board.exec('print(1)')\n")
    refused = hil.run("run", "test_it.py", "--board", "dead")
    assert refused.code == 10
    assert "dead: the board is set aside" in refused.line
    assert "does not answer and could not be brought back" in refused.line
    assert "hil boards readmit dead" in refused.line
    assert refused.seconds < 5
    assert hil.run("boards", "readmit", "dead").out.startswith("dead: was set aside: ")
    assert probed.read("dead").aside is None


def test_other_chip_or_firmware_than_the_inventorys_is_exit_12(
    hil: Commands, make_board: MakeBoard
) -> None:
    port = make_board().port
    (hil.folder / "test_it.py").write_text("def test_it(board): board.exec('print(1)')\n")
    for key, value, said in (
        ("id", "00ff", "another board answers on the port than the inventory says"),
        ("firmware", "micropython 0.9", "another firmware than the inventory says"),
    ):
        (hil.folder / "boards.toml").write_text(
            f'[boards.c1]\nport = "port:{port}"\n{key} = "{value}"\n'
        )
        done = hil.run("exec", "1", "--board", "c1")
        assert done.code == 12
        assert said in done.line
        assert value in done.line
    run = hil.run("run", "test_it.py")
    assert run.code == 12
    assert run.verdicts == {"test_it": "blocked"}


# Writing firmware, with a stand-in for esptool.

IMAGE = b"\xe9" + bytes(range(200))


@pytest.fixture
def esptool(tmp_path: Path) -> Path:
    """A program in the place of esptool that records what it is told, and fails when told to."""
    program = tmp_path / "esptool"
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\nfrom pathlib import Path\n"
        f"Path({str(tmp_path / 'told')!r}).write_text(json.dumps(sys.argv[1:]))\n"
        "print('Chip is ESP32')\n"
        f"sys.exit(2 if Path({str(tmp_path / 'fail')!r}).exists() else 0)\n"
    )
    program.chmod(0o755)
    (tmp_path / "image.bin").write_bytes(IMAGE)
    return program


def flash(hil: Commands, esptool: Path, *arguments: str, stdin: bytes = b"") -> Any:
    return hil.run("flash", "image.bin", "--esptool", str(esptool), *arguments, stdin=stdin)


def test_flash_tells_esptool_what_to_write_where_and_records_the_digest(
    hil: Commands, esptool: Path, make_board: MakeBoard
) -> None:
    port = make_board().port
    probed = inventory(hil, c1=port)
    with (hil.folder / "boards.toml").open("a") as file:
        file.write("flash = true\n")
    digest = hashlib.sha256(IMAGE).hexdigest()
    done = flash(hil, esptool, "--board", "c1", "--json", stdin=b"c1\n")
    assert done.code == 0, done.err
    assert digest in done.err
    assert "Not verified on hardware" in done.err
    assert "Chip is ESP32" in done.err
    assert (done.json["board"], done.json["sha256"]) == ("c1", digest)
    assert done.json["firmware"].startswith("micropython")
    assert probed.read("c1").image_sha256 == digest
    assert json.loads((hil.folder / "told").read_text()) == [
        *("--chip", "esp32", "--port", port, "--baud", "460800"),
        *("write-flash", "--erase-all", "0x1000", "image.bin"),
    ]


def test_flash_without_the_typed_name_does_nothing(
    hil: Commands, esptool: Path, make_board: MakeBoard
) -> None:
    port = make_board().port
    for typed in (b"", b"yes\n", b"\n"):
        done = flash(hil, esptool, "--board", f"port:{port}", stdin=typed)
        assert done.code == 4
        assert "its name was not typed" in done.err
    assert not (hil.folder / "told").exists()
    assert flash(hil, esptool, "--board", f"port:{port}", "--yes").code == 0
    assert (hil.folder / "told").exists()


def test_flash_that_fails_or_may_not_be_is_told(
    hil: Commands, esptool: Path, make_board: MakeBoard
) -> None:
    port = make_board().port
    inventory(hil, c1=port)
    forbidden = flash(hil, esptool, "--board", "c1", "--yes")
    assert forbidden.code == 4
    assert "the inventory does not allow to flash this board" in forbidden.line
    made = flash(hil, esptool, "--board", "virtual", "--yes")
    assert (made.code, (hil.folder / "told").exists()) == (4, False)
    (hil.folder / "boards.toml").unlink()
    (hil.folder / "fail").touch()
    failed = flash(hil, esptool, "--board", f"port:{port}", "--yes")
    assert failed.code == 10
    assert "exit code 2; it said last: Chip is ESP32" in failed.err
    (hil.folder / "image.bin").write_bytes(b"PK\x03\x04")
    wrong = flash(hil, esptool, "--board", f"port:{port}", "--yes")
    assert wrong.code == 4
    assert "no firmware image for an ESP32" in wrong.line


# Looking at one board.


def test_doctor_proves_switch_and_broker_and_remembers_what_a_person_saw(
    hil: Commands, make_board: MakeBoard
) -> None:
    port = make_board().port
    probed = inventory(hil, c1=port)
    typed = b"y\nn\nwhat\ny\n\ny\ny\n"
    done = hil.run("doctor", "--board", "c1", "--bench", "--json", stdin=typed)
    found = {each["what"]: each for each in done.json["findings"]}
    assert found["board"]["state"] == "ok"
    assert found["power"]["state"] == "ok"
    assert "went away and came back" in found["power"]["detail"]
    assert found["reach"]["state"] == "ok", found["reach"]
    assert found["bench: display"]["state"] == "ok"
    assert found["bench: display corner"]["state"] == "bad"
    assert found["bench: display corner"]["advice"]
    assert "y for yes, n for no" in done.err
    assert done.code == 10
    assert not done.json["ok"]
    bench = probed.read("c1").bench
    assert {name: bench.get(name) for name in ("display", "display corner", "led red")} == {
        "display": "yes",
        "display corner": "no",
        "led red": "yes",
    }
    assert "led green" not in bench


def test_doctor_is_not_taken_in_by_a_switch_that_cuts_nothing(
    hil: Commands, make_board: MakeBoard
) -> None:
    port = make_board().port
    relay = LabRelay(port)
    (hil.folder / "boards.toml").write_text(
        f'[boards.c1]\nport = "{relay.spec}"\n[boards.c1.power]\n{NO_SWITCH}'
    )
    done = hil.run("doctor", "--board", "c1", "--json")
    relay.close()
    (power,) = [each for each in done.json["findings"] if each["what"] == "power"]
    assert power["state"] == "bad"
    assert "answered while its supply was switched off" in power["detail"]
    assert done.code == 10


def test_doctor_names_what_is_wrong_in_the_lab(hil: Commands) -> None:
    probed = inventory(hil, c1="/dev/absent", c2="/dev/absent2")
    probed.set_aside("c2", "silent since Monday")
    done = hil.run("doctor", "--json")
    lab = [each for each in done.json["findings"] if each["what"] == "lab"]
    assert [each["detail"] for each in lab] == [
        "c1 is absent: there is no such port",
        "c2 is aside: silent since Monday",
    ]
    assert lab[1]["advice"] == "hil boards readmit c2"
    (hil.folder / "boards.toml").write_text("[boards.c1]\n")
    broken = hil.run("doctor", "--json")
    (finding,) = [each for each in broken.json["findings"] if each["what"] == "inventory"]
    assert finding["state"] == "bad"
    assert "boards.toml:1: board 'c1' has no port" in finding["detail"]


# Waiting for a board.


def test_run_waits_for_a_board_and_says_who_holds_it(hil: Commands) -> None:
    _, port = hil.board()
    (hil.folder / "test_it.py").write_text("def test_it(board): board.exec('print(1)')\n")
    held = hil.start(
        "exec", "print('go')\nwhile True: pass", "--timeout", "60", "--board", f"port:{port}"
    )
    held.until(lambda: held.out == "go\n")
    waiting = hil.start("run", "test_it.py", "--board", f"port:{port}", "--hil-lock-wait", "60")
    waiting.until(lambda: "place 1 in the queue" in waiting.out)
    assert f"pid {held.process.pid}" in waiting.out
    started_s = time.monotonic()
    held.process.kill()
    done = waiting.wait()
    assert (done.code, done.verdicts) == (0, {"test_it": "pass"})
    assert time.monotonic() - started_s < 20


def test_board_comes_back_on_probation_by_itself_and_stays_after_a_good_run(
    hil: Commands, make_board: MakeBoard
) -> None:
    port = make_board().port
    probed = inventory(hil, c1=port)
    (hil.folder / "test_it.py").write_text("def test_it(board): board.exec('print(1)')\n")
    probed.set_aside("c1", "silent")
    past = "2026-01-01T00:00:00+00:00"
    probed.update("c1", lambda before: replace(before, aside=Aside("silent", past, past)))
    # A look at it is no proof yet: a failure now would set it aside for longer.
    assert hil.run("exec", "print(1)", "--board", "c1").out == "1\n"
    aside = probed.read("c1").aside
    assert aside is not None
    assert aside.is_on_probation
    assert hil.run("run", "test_it.py").code == 0
    assert probed.read("c1").aside is None


def test_board_that_somebody_reaches_by_another_way_is_busy(
    tmp_path: Path, make_board: MakeBoard
) -> None:
    terms = LeaseTerms(folder=tmp_path / "leases")
    process = make_board()
    (spec,) = parse_specs(f"port:{process.port}")
    held = take_lease(f"chip-{process.id}", terms)
    with pytest.raises(LeaseBusy, match="another run holds the board"):
        open_board(spec, CODEY, terms=terms)
    # Its own lease on the port was given back.
    assert list(list_leases(tmp_path / "leases")) == [f"chip-{process.id}"]
    held.release()
    open_board(spec, CODEY, terms=terms).close()
    assert list_leases(tmp_path / "leases") == {}
