"""A port that goes away in the middle: its tests are blocked at once, the others go on."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

import pytest

from harness import shipped
from harness.board.manifest import load_manifest
from harness.board.profile import CODEY
from harness.board.push_program import START_DIGITS, Asked
from harness.deadline import Deadline
from harness.lab.opened import open_board
from harness.link.spec import parse_specs
from tests.virtual.fault.command import Commands
from tests.virtual.fault.peer import Relay

TESTS = """
    import os
    import signal
    from pathlib import Path

    def test_before(board):
        board.exec("print(1)")

    def test_vanishes(board):
        program = board.start("import time\\nprint('go')\\nwhile True: time.sleep(1)")
        program.expect_text("go", 5)
        os.kill({pid}, signal.SIGKILL)
        program.expect_text("never", 20)

    def test_exec(board):
        board.exec("print(1)")

    def test_start(board, mqtt):
        board.start("print(1)")

    def test_panel(display):
        display.is_dark()

    def test_without_a_board():
        assert True
"""


#: What a board on a serial server needs, as a real one does.
WIFI = {"HIL_WIFI_SSID": "lab", "HIL_WIFI_PASSWORD": "secret", "HIL_BROKER_INTERFACE": "lo"}


def test_port_that_vanishes_in_a_test_blocks_that_board_at_once(hil: Commands) -> None:
    board, port = hil.board()
    name = hil.scenario(TESTS.format(pid=board.process.pid))
    done = hil.run("run", name, "--board", f"port:{port}")
    assert board.wait().code == -signal.SIGKILL
    assert done.code == 10
    assert done.verdicts == {
        "test_before": "pass",
        "test_vanishes": "blocked",
        "test_exec": "blocked",
        "test_start": "blocked",
        "test_panel": "blocked",
    }
    ends = [entry for entry in done.journal if entry["kind"] == "test.end"]
    for end in ends[1:]:
        assert end["parts"]["on"] == port
        assert end["parts"]["expected"] == "the port to stay while it is in use"
        assert all(end["parts"].values())
        assert end["seconds"] < 3
    assert (done.folder / "report.html").read_text(encoding="utf-8").endswith("</html>")
    assert "1 failed" in done.out  # and pytest's own count goes on: test_without_a_board has run
    assert "2 passed" in done.out


def test_port_that_vanishes_under_a_command_is_told_in_one_line(hil: Commands) -> None:
    board, port = hil.board("--bare")
    running = hil.start(
        "exec", "import time\nprint('go')\ntime.sleep(60)", "--board", f"port:{port}"
    )
    running.until(lambda: running.out == "go\n")
    board.send(signal.SIGKILL)
    done = running.wait(10)
    assert done.code == 10
    assert done.line.startswith(f"hil exec: {port}: reading from the port failed; expected ")
    assert "; try: check cable and power; `hil boards` lists the ports that exist" in done.line


def test_board_that_dies_in_a_deploy_holds_no_half_file(hil: Commands) -> None:
    board, port = hil.board("--bare", "--flash", "board.img", "--baud", "115200")
    running = hil.start("deploy", "--board", f"port:{port}")
    running.until(lambda: running.err.count("pushed") > 2)
    board.send(signal.SIGKILL)
    done = running.wait(10)
    assert done.code == 10
    assert done.err.splitlines()[-1].startswith(f"hil deploy: {port}: ")
    _, port = hil.board("--bare", "--flash", "board.img")
    manifest = load_manifest(shipped.device_src())
    opened = open_board(parse_specs(f"port:{port}")[0], CODEY)
    with contextlib.closing(opened):
        asked = Asked(tuple(manifest.files))
        found = opened.board.files.survey(asked, Deadline.after(10)).starts
    whole = {path: file.sha256[:START_DIGITS] for path, file in manifest.files.items()}
    assert 0 < len([path for path in found if found[path]]) < len(whole)
    assert all(found[path] in (None, whole[path]) for path in whole)
    again = hil.run("deploy", "--board", f"port:{port}", "--json")
    assert again.code == 0
    assert set(again.json["unchanged"]) == {path for path in found if found[path]}


def test_deploy_that_is_killed_leaves_a_board_that_the_next_one_can_use(hil: Commands) -> None:
    _, port = hil.board("--bare", "--baud", "115200", "--latency", "1")
    board = f"port:{port}"
    for pushed in (1, 2, 4):
        running = hil.start("deploy", "--board", board)
        running.until(lambda: running.err.count("pushed") >= pushed)  # noqa: B023, waited for here
        running.send(signal.SIGKILL)
        assert running.wait(10).code == -signal.SIGKILL
        done = hil.run("exec", "--board", board, "print(38)")
        assert (done.code, done.out) == (0, "38\n")
    again = hil.run("deploy", "--board", board, "--json")
    assert again.code == 0
    assert again.json["pushed"]
    assert again.json["manifest"] == load_manifest(shipped.device_src()).sha256


@pytest.fixture
def relay(hil: Commands) -> Iterator[Relay]:
    """A board with neither reset line nor observer, as a bare serial server offers it."""
    _, port = hil.board()
    relay = Relay(port)
    yield relay
    relay.close()


def test_serial_server_that_hangs_up_is_told(hil: Commands, relay: Relay) -> None:
    running = hil.start("exec", "import time\nprint('go')\ntime.sleep(60)", "--board", relay.spec)
    running.until(lambda: running.out == "go\n")
    relay.hang_up()
    done = running.wait(10)
    assert done.code == 10
    assert done.line.startswith(f"hil exec: {relay.spec}: reading from the port failed; expected ")


def test_board_that_is_lost_is_not_tried_again(hil: Commands, relay: Relay) -> None:
    name = hil.scenario(
        """
        def test_loses_it(board):
            board.board.rig.link.close()

        def test_next(board):
            board.exec("print(1)")

        def test_last(board):
            board.exec("print(1)")
        """
    )
    done = hil.run("run", name, "--board", relay.spec, environment=WIFI)
    assert done.code == 10
    assert done.verdicts == {
        "test_loses_it": "pass",
        "test_next": "blocked",
        "test_last": "blocked",
    }
    assert done.seconds < 10


def test_of_two_boards_the_one_that_is_there_is_tested(hil: Commands) -> None:
    name = hil.scenario(
        """
        import pytest

        def test_one(board):
            board.exec("print(1)")

        @pytest.mark.boards(2)
        def test_both(boards):
            assert False, "never reached"

        def test_another(board):
            board.exec("print(1)")
        """
    )
    done = hil.run("run", name, "--board", "virtual,port:/dev/ttyNOWHERE")
    assert done.code == 10
    assert done.verdicts == {"test_one": "pass", "test_both": "blocked", "test_another": "pass"}
    assert "/dev/ttyNOWHERE" in done.out
