"""A suite on several boards: once on each, one of them dead, one with a loose contact.

``HIL_FLEET=16`` makes it sixteen boards in the place of four.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.link.virtual import VirtualProcess
from harness.report.journal import read_journal
from tests.virtual.fault.command import ROOT, Commands, Done
from tests.virtual.fault.peer import Peer, silence
from tests.virtual.lab.relay import LabRelay

SCHEMA = ROOT / "harness" / "report" / "schema" / "run.schema.json"

COUNT = int(os.environ.get("HIL_FLEET", "4"))
LIMIT_S = 60.0 + 15.0 * COUNT

SUITE = """
    import pytest

    def test_runs(board):
        board.exec("print(1)")

    def test_again(board):
        board.exec("print(2)")

    def test_last(board):
        board.exec("x = 3")

    @pytest.mark.boards(2, roles=["one", "other"])
    def test_two(boards):
        ids = {each.evaluate("__import__('machine').unique_id()") for each in boards.values()}
        assert len(ids) == 2
"""

#: A power switch that obeys and cuts nothing, so that the ladder has a rung to try.
NO_SWITCH = 'driver = "command"\noff = "true"\non = "true"\noff_s = 0\n'

#: What boards behind a serial server need, as real ones do.
WIFI = {"HIL_WIFI_SSID": "lab", "HIL_WIFI_PASSWORD": "secret", "HIL_BROKER_INTERFACE": "lo"}


def inventory(hil: Commands, ports: dict[str, str]) -> Path:
    path = hil.folder / "boards.toml"
    path.write_text("".join(f'[boards.{name}]\nport = "{port}"\n' for name, port in ports.items()))
    return path


def verdicts_of(journal: list[dict[str, Any]]) -> dict[str, str]:
    """Return the verdict of each test, ``name@board``."""
    return {
        entry["test"].split("::")[1]: entry["verdict"]
        for entry in journal
        if entry["kind"] == "test.end"
    }


def journal_of(done: Done) -> list[dict[str, Any]]:
    return read_journal(Path(done.json["report"]).with_name("journal.jsonl"))


@pytest.fixture
def ports(make_board: Callable[[], VirtualProcess]) -> list[str]:
    """The ports of all boards that work."""
    return [make_board().port for _ in range(COUNT - 1)]


def test_dead_and_flapping_boards_cost_the_others_nothing(
    hil: Commands, ports: list[str], make_peer: Callable[..., Peer]
) -> None:
    name = hil.scenario(SUITE)
    *good, loose = ports
    relay = LabRelay(loose, breaks_at=b"print(2)")
    dead = make_peer(silence)
    boards = {f"c{n}": f"port:{port}" for n, port in enumerate(good, 1)}
    path = inventory(hil, {**boards, "flapping": relay.spec, "dead": f"port:{dead.path}"})
    with path.open("a") as file:
        file.write(f"[boards.dead.power]\n{NO_SWITCH}")
    done = hil.start("run", name, "--json", environment=WIFI).wait(LIMIT_S)
    relay.close()
    verdicts = verdicts_of(journal_of(done))
    for board in boards:
        for test in ("test_runs", "test_again", "test_last"):
            assert verdicts[f"{test}@{board}"] == "pass"
    assert {verdicts[f"{test}@dead"] for test in ("test_runs", "test_again", "test_last")} == {
        "blocked"
    }
    # Its connection broke in one test; it was there again for the next.
    flapping = [verdicts[f"{test}@flapping"] for test in ("test_runs", "test_again", "test_last")]
    assert flapping == ["pass", "blocked", "pass"]
    # Two boards that work are found among all of them.
    assert verdicts["test_two"] == "pass"
    assert len(verdicts) == 3 * COUNT + 1
    counted = done.json["verdicts"]
    assert counted["pass"] == list(verdicts.values()).count("pass")
    assert counted["blocked"] == list(verdicts.values()).count("blocked")
    assert done.code == done.json["exit"] == 10
    exits = {each["name"]: each["exit"] for each in done.json["per_board"]}
    assert {exits[board] for board in boards} == {0}
    assert exits["dead"] == exits["flapping"] == 10
    # One run, one folder; what a board's process wrote stands behind its name.
    (folder,) = hil.run_folders()
    assert (hil.folder / "reports" / "latest").resolve() == folder
    assert (folder / "junit.xml").read_text().count("<testcase ") == len(verdicts)
    assert "[c1] " in done.err
    assert "[dead] " in done.err
    # The dead one is set aside now: the next run is told so at once.
    again = hil.run("run", name, "--board", "dead")
    assert again.code == 10
    assert "set aside" in again.line
    assert again.seconds < 5


def test_each_board_fails_for_itself_and_the_run_for_all(hil: Commands, ports: list[str]) -> None:
    name = hil.scenario(
        """
        import os
        import signal

        def test_before(board):
            board.exec("print(1)")

        def test_differs(board):
            if board.name == "c3":
                os.kill(os.getpid(), signal.SIGKILL)
            assert board.name != "c2"
        """
    )
    inventory(hil, {f"c{n}": f"port:{port}" for n, port in enumerate(ports[:3], 1)})
    done = hil.run("run", name, "--board", "c1,c2")
    assert done.code == 1
    assert "board     c1: 2 pass (exit 0)" in done.out
    assert "board     c2: 1 pass, 1 fail (exit 1)" in done.out
    assert "verdicts  3 pass, 1 fail" in done.out
    assert done.verdicts["test_differs@c2"] == "fail"
    # A process that dies takes nothing along but its own test.
    done = hil.run("run", name, "--json")
    assert done.code == 3
    verdicts = {name: n for name, n in done.json["verdicts"].items() if n}
    assert verdicts == {"pass": 4, "fail": 1, "blocked": 1}
    run = json.loads(Path(done.json["report"]).with_name("run.json").read_text())
    jsonschema.validate(run, json.loads(SCHEMA.read_text()))
    assert {each["name"] for each in run["boards"]} == {"c1", "c2", "c3"}


def test_ctrl_c_ends_all_of_it_and_keeps_what_was_seen(hil: Commands, ports: list[str]) -> None:
    name = hil.scenario(
        """
        from pathlib import Path

        def test_short(board):
            board.exec("print(1)")

        def test_long(board):
            Path("long-" + board.name).touch()
            board.start("while True: pass").expect_text("never", 60)
        """
    )
    inventory(hil, {f"c{n}": f"port:{port}" for n, port in enumerate(ports[:2], 1)})
    running = hil.start("run", name, "--json")
    running.until(lambda: all((hil.folder / f"long-c{n}").exists() for n in (1, 2)))
    running.send(signal.SIGINT, to_group=True)
    done = running.wait(LIMIT_S)
    assert done.code == done.json["exit"] == 2
    assert verdicts_of(journal_of(done)) == {
        "test_short@c1": "pass",
        "test_short@c2": "pass",
        "test_long@c1": "blocked",
        "test_long@c2": "blocked",
    }
    # The boards were given back, and run the next suite at once.
    assert hil.run("exec", "print(1)", "--board", "c1").out == "1\n"


def test_killed_parent_leaves_no_orphan_and_no_lock(hil: Commands, ports: list[str]) -> None:
    name = hil.scenario(
        """
        from pathlib import Path

        def test_long(board):
            Path("long-" + board.name).touch()
            board.start("while True: pass").expect_text("never", 60)
        """
    )
    inventory(hil, {f"c{n}": f"port:{port}" for n, port in enumerate(ports[:2], 1)})
    running = hil.start("run", name)
    running.until(lambda: all((hil.folder / f"long-c{n}").exists() for n in (1, 2)))
    running.process.kill()
    running.process.wait()
    hil.until_gone("harness.cli run")
    short = hil.scenario("def test_it(board): board.exec('print(1)')", "test_short.py")
    done = hil.run("run", short, "--json")
    assert done.code == 0, done.err
    assert done.json["verdicts"]["pass"] == 2


def test_nothing_to_run_is_said_once_for_all(hil: Commands, ports: list[str]) -> None:
    name = hil.scenario("def test_it(board): pass")
    inventory(hil, {f"c{n}": f"port:{port}" for n, port in enumerate(ports[:2], 1)})
    done = hil.run("run", name, "-k", "absent", "--json")
    assert done.code == 5
    assert done.json["run"] is None
    assert hil.run_folders() == []
    assert json.loads(done.out)["boards"] == []
