from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from harness.report.assembly import assemble
from harness.report.evidence import evidence_files, evidence_names, serial_log
from harness.report.timeline import failing_instant, moments, one_line, readable

if TYPE_CHECKING:
    from harness.report.record import Run, TestRecord


@pytest.fixture
def failed(run: Run) -> TestRecord:
    return next(test for test in run.tests if "round_0" in test.test)


def test_evidence_files_are_those_that_are_named(run: Run) -> None:
    for test in run.tests:
        names = [name for name in evidence_files(test) if not name.startswith("attempt")]
        assert sorted(names) == sorted(evidence_names(test))


def test_evidence_of_a_failed_test_holds_every_channel(failed: TestRecord) -> None:
    files = evidence_files(failed)
    assert set(files) == {
        "serial.log",
        "repl.jsonl",
        "mqtt.jsonl",
        "broker.log",
        "frames.png",
        "difference.png",
        "timeline.json",
    }
    message = json.loads(files["mqtt.jsonl"].splitlines()[0])
    assert (message["topic"], message["payload"]) == ("/sensors/temperature/home ", "38")
    call = json.loads(files["repl.jsonl"].splitlines()[0])
    assert call["source"] == "hilprobe.snapshot()"
    assert b"New client connected" in files["broker.log"]


def test_evidence_keeps_the_attempts_of_a_flaky_test(run: Run) -> None:
    test = next(test for test in run.tests if test.verdict == "flaky")
    files = evidence_files(test)
    assert {"timeline.json", "attempt-1/timeline.json", "attempt-1/serial.log"} <= set(files)
    assert json.loads(files["timeline.json"])["failing_s"] is None
    assert json.loads(files["attempt-1/timeline.json"])["failing_s"] > 2


def test_serial_log_joins_chunks_to_lines_and_shows_what_cannot_be_shown() -> None:
    chunks = ["rx:one", "tx:\x01", "rx: line\r\ntwo", "rx:\x1b!"]
    (test,) = assemble(
        [
            {"t": 0, "kind": "run.start", "run": "r"},
            {"t": 10, "kind": "test.start", "test": "a", "name": "a", "boards": ["b"]},
            *(
                {
                    "t": 10 + number / 10,
                    "kind": "serial",
                    "board": "b",
                    "dir": chunk[:2],
                    "data": base64.b64encode(chunk[3:].encode()).decode(),
                }
                for number, chunk in enumerate(chunks)
            ),
        ]
    ).tests
    assert [line.split(maxsplit=3) for line in serial_log(test).splitlines()] == [
        ["0.0000", "b", "<", "one line"],
        ["0.1000", "b", ">", "\\x01"],
        ["0.2000", "b", "<", "two\\x1b!"],
    ]


def test_timeline_json_is_in_the_order_of_time_and_marks_the_instant(failed: TestRecord) -> None:
    told = json.loads(evidence_files(failed)["timeline.json"])
    times = [moment["t"] for moment in told["moments"]]
    assert times == sorted(times)
    (bad,) = [moment for moment in told["moments"] if moment["bad"]]
    assert bad["channel"] == "check"
    assert bad["t"] == told["failing_s"] == failing_instant(failed)
    assert bad["t"] - bad["start"] == pytest.approx(2.0)
    assert told["frames"][-1]["pixels"][1].count("#") > 0


def test_failing_instant_without_a_failing_check_is_the_failed_step(run: Run) -> None:
    test = next(test for test in run.tests if test.verdict == "blocked")
    assert failing_instant(test) == pytest.approx(0.403)
    assert [moment.text for moment in moments(test) if moment.is_bad] == [
        "start the program: link lost"
    ]


def test_one_line_keeps_both_ends_of_a_long_text() -> None:
    line = one_line("begin " + "x" * 500 + "\n end", 60)
    assert len(line) == 60
    assert line.startswith("begin")
    assert line.endswith("end")
    assert "..." in line


def test_readable_escapes_controls_and_keeps_text() -> None:
    assert readable("é 中\n\x00\x1b\u202e".encode() + b"\xff") == "é 中\n\\x00\\x1b\\u202e\\xff"
