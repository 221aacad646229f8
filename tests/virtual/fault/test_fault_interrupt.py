"""Ctrl-C, SIGTERM and SIGKILL at any moment: exit code 2, the report where possible, no orphan."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from harness.report.journal import read_journal
from tests.virtual.fault.command import Commands, Running, verdicts

TESTS = """
    def test_first(board):
        board.exec("print(1)")

    def test_program(board):
        board.start("print('go')\\nwhile True: pass").expect_text("never", {seconds})

    def test_message(mqtt):
        mqtt.subscribe("a").expect("a", "b", within_s={seconds})

    def test_last(board):
        board.exec("print(1)")
"""

MOMENTS = {
    "the board starts": ('"kind":"run.start"', "test_first"),
    "the code is deployed": ('"kind":"board.open"', "test_first"),
    "a program runs": ('"dir":"rx"', "test_program"),
    "a message is waited for": ('"kind":"broker.start"', "test_message"),
}


def journal_of(hil: Commands) -> Path | None:
    """Return the journal of the only run, once it has begun."""
    folders = hil.run_folders()
    return folders[0] / "journal.jsonl" if folders else None


def holds(hil: Commands, text: str) -> bool:
    """Return whether the journal holds a text by now."""
    path = journal_of(hil)
    return path is not None and text in path.read_text(encoding="utf-8")


def started(hil: Commands, moment: str) -> Running:
    """Start a run with one test, and return it when the moment has come."""
    text, test = MOMENTS[moment]
    name = hil.scenario(TESTS.format(seconds=60))
    running = hil.start("run", name, "-k", test)
    running.until(lambda: holds(hil, text) and (test == "test_first" or holds(hil, '"test.start"')))
    return running


def check_whole(hil: Commands) -> None:
    """Check that what an interrupted run has left can be read, and is whole."""
    path = journal_of(hil)
    assert path is not None
    journal = read_journal(path)
    assert journal[0]["kind"] == "run.start"
    assert "journal.cut" not in {entry["kind"] for entry in journal}
    for page in path.parent.glob("*.html"):
        assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_ends_the_run_in_order(hil: Commands, moment: str) -> None:
    running = started(hil, moment)
    running.send(signal.SIGINT, to_group=True)
    done = running.wait(15)
    assert done.code == 2
    assert set(done.verdicts.values()) <= {"blocked"}
    assert done.journal[-1]["kind"] == "run.end"
    assert done.journal[-1]["exit"] == 2
    assert (done.folder / "junit.xml").exists()
    check_whole(hil)


def test_interrupted_test_is_never_a_pass(hil: Commands) -> None:
    name = hil.scenario(TESTS.format(seconds=60))
    running = hil.start("run", name, "--json")
    running.until(lambda: holds(hil, "::test_program"))
    running.send(signal.SIGINT, to_group=True)
    done = running.wait(15)
    assert done.code == 2
    assert done.json["exit"] == 2
    counts = {name: count for name, count in done.json["verdicts"].items() if count}
    assert counts in ({"pass": 1, "blocked": 1}, {"blocked": 1})
    path = journal_of(hil)
    assert path is not None
    assert verdicts(read_journal(path))["test_program"] == "blocked"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_to_the_process_alone_ends_the_run_too(
    hil: Commands, number: signal.Signals
) -> None:
    running = started(hil, "a program runs")
    running.send(number)
    done = running.wait(15)
    assert done.code == 2
    assert done.verdicts == {"test_program": "blocked"}
    check_whole(hil)


@pytest.mark.parametrize("moment", MOMENTS)
def test_sigkill_leaves_no_process_and_a_journal_that_can_be_read(
    hil: Commands, moment: str
) -> None:
    running = started(hil, moment)
    running.send(signal.SIGKILL)
    assert running.wait().code == -signal.SIGKILL
    check_whole(hil)
    # The fixture proves that interpreter, supervisor, broker and their files are gone.


def test_report_of_a_killed_run_can_be_written_later(hil: Commands) -> None:
    running = started(hil, "a program runs")
    running.send(signal.SIGKILL)
    running.wait()
    (folder,) = hil.run_folders()
    done = hil.run("report", str(folder))
    assert done.code == 0
    assert (folder / "report.html").read_text(encoding="utf-8").rstrip().endswith("</html>")


def test_ctrl_c_while_the_report_is_written_leaves_no_half_file(hil: Commands) -> None:
    running = hil.start("run", hil.scenario(TESTS.format(seconds=60)), "-k", "test_first")
    running.until(lambda: holds(hil, '"kind":"run.end"'))
    running.send(signal.SIGINT)
    done = running.wait(15)
    # It may have been done already.
    assert done.code in (0, 2)
    check_whole(hil)
    (folder,) = hil.run_folders()
    assert (done.code == 2) == (not (folder / "allure-results").exists())


def test_second_ctrl_c_ends_the_clean_up_too(hil: Commands) -> None:
    running = started(hil, "a program runs")
    running.send(signal.SIGINT)
    running.until(lambda: holds(hil, '"kind":"test.end"'))
    running.send(signal.SIGINT)
    assert running.wait(15).code == 2


def test_ctrl_c_that_another_error_has_replaced_still_ends_the_run(hil: Commands) -> None:
    # What happens where Ctrl-C meets `threading.Condition.wait` between two of its locks.
    name = hil.scenario(
        """
        def test_one(board):
            try:
                raise KeyboardInterrupt
            finally:
                raise RuntimeError("cannot release un-acquired lock")

        def test_two(board):
            board.exec("print(1)")
        """
    )
    done = hil.run("run", name)
    assert done.code == 2
    assert done.verdicts == {"test_one": "blocked"}


#: Moments after the start of the process, in seconds: before, in and after each step of it.
EARLY_S = (0.1, 0.3, 0.5, 0.7, 0.9, 1.1)


def test_ctrl_c_at_any_moment_leaves_nothing_behind(hil: Commands) -> None:
    name = hil.scenario("def test_one(board, mqtt): mqtt.publish('a', 'b', qos=1)")
    codes = []
    for wait_s in EARLY_S:
        begun = len(hil.run_folders())
        done = hil.start("run", name).signal_after(wait_s, signal.SIGINT)
        assert "INTERNALERROR" not in done.out + done.err
        if len(hil.run_folders()) > begun:
            assert done.code in (2, 0), done
        else:
            # Before the command begins Python answers for itself: by the signal, or with 1.
            assert done.code == 2 or "KeyboardInterrupt" in done.err
        codes.append(done.code)
    assert 2 in codes


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", [("exec", "while True: pass"), ("play", "program.py")])
def test_command_that_uses_a_virtual_board_ends_it_on_a_signal(
    hil: Commands, command: tuple[str, ...], number: signal.Signals
) -> None:
    (hil.folder / "program.py").write_text("print('go')\nwhile True: pass\n", encoding="utf-8")
    if command[0] == "exec":
        command = ("exec", "--file", "program.py")
    running = hil.start(*command)
    running.until(lambda: "go" in running.out)
    running.send(number, to_group=True)
    done = running.wait(15)
    assert done.code == 2
    assert "Traceback" not in done.err
