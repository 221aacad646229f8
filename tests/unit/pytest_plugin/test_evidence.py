"""Which sources of evidence a test takes: the marker, the option, and what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.pytest_plugin.conftest import RunSession

MARKED = """
SHOW = "import codey; codey.display.show(38); codey.led.show(1, 2, 3)"

@pytest.mark.evidence("bench")
def test_bench(board, display):
    board.exec(SHOW)
    display.shows("38")
    display.stays("38", for_s=0.05)

@pytest.mark.evidence("device")
def test_device(board, led):
    board.exec(SHOW)
    led.shows(1, 2, 3)

@pytest.mark.evidence("commanded", "device")
def test_two(board, display):
    board.exec(SHOW)
    display.shows("38")

def test_all(board, display):
    board.exec(SHOW)
    display.shows("38")

@pytest.mark.needs("records")
def test_records(board):
    program = board.start(SHOW)
    program.expect_record("38", lambda each: each.fields.get("text") == "38", 5.0)

def test_waits_for_a_record_all_the_same(board):
    board.start(SHOW).expect_record("38", lambda each: True, 0.05)

def test_red(board, display):
    board.exec(SHOW)
    display.shows("39")
"""


def asked(session: object, name: str) -> list[str]:
    from tests.unit.pytest_plugin.conftest import Session

    assert isinstance(session, Session)
    return [
        entry["source"]
        for entry in session.journal("expect")
        if entry["test"].endswith(f"::{name}")
    ]


@pytest.mark.usefixtures("with_mosquitto")
def test_marker_chooses_among_the_sources(run_session: RunSession) -> None:
    session = run_session(MARKED)
    assert session.run["verdicts"]["pass"] == 6
    assert session.verdict("test_red") == "fail"
    assert asked(session, "test_bench") == ["bench", "bench"]
    assert asked(session, "test_device") == ["device"]
    assert asked(session, "test_two") == ["commanded", "device"]
    assert asked(session, "test_all") == ["commanded", "device", "bench"]


@pytest.mark.usefixtures("with_mosquitto")
def test_run_may_believe_the_bench_alone_with_the_records_off(run_session: RunSession) -> None:
    session = run_session(MARKED, "--hil-evidence", "bench")
    assert {entry["source"] for entry in session.journal("expect")} == {"bench"}
    assert session.journal("record") == [], "the probe is silent"
    assert session.verdict("test_bench") == session.verdict("test_all") == "pass"
    assert session.verdict("test_red") == "fail"
    assert session.end("test_device")["missing"] == ["evidence:device"]
    assert session.end("test_two")["missing"] == ["evidence:commanded", "evidence:device"]
    assert session.end("test_records")["missing"] == ["records"]
    # The test could not have been passed by any program: the product is not to blame.
    assert session.verdict("test_waits_for_a_record_all_the_same") == "blocked"


def test_unknown_source_is_an_error_and_no_skip(run_session: RunSession) -> None:
    session = run_session("@pytest.mark.evidence('eye')\ndef test_it(board): pass\n")
    assert session.result.ret == pytest.ExitCode.USAGE_ERROR
    session.result.stderr.fnmatch_lines(["*eye in *::test_it*"])
