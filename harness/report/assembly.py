"""From the entries of a journal to a `Run`, in one pass.

An entry that names its test belongs to it. One that names only a board belongs to the tests that
are going on with that board, and one that names neither, such as a line of the broker's log, to
all that are going on. An entry that cannot be understood costs itself and is told in
`Run.problems`; it never costs the report.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from harness.report.entry import RECORDS, board, deployment, log_line, text_of, texts_of
from harness.report.record import (
    VERDICTS,
    BoardRecord,
    Effect,
    ExecCall,
    ExpectRecord,
    LogLine,
    Measurement,
    MqttMessage,
    Requirement,
    Run,
    SerialChunk,
    SnapshotRecord,
    StepRecord,
    TestRecord,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.report.journal import Entry

#: Longest name of a test's folder; the whole path of a file in it stays far below 255 bytes.
_SLUG_LENGTH = 90


def _slug(test: str) -> str:
    """Return a file name for a node id; unlike ids give unlike names."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", test.removeprefix("tests/")).strip("-.")
    digest = hashlib.sha256(test.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    return f"{name[:_SLUG_LENGTH].rstrip('-.')}-{digest}"


def _file(start: Entry) -> str:
    """Return a test's file, relative as its node id has it: a report is read on other machines."""
    file = text_of(start.get("file"))
    return str(start["test"]).partition("::")[0] if file.startswith("/") or not file else file


class _Attempt:
    """A test that is going on, or was, and what was seen in it so far."""

    def __init__(self, entry: Entry) -> None:
        self.start = entry
        self.end: Entry | None = None
        self.start_s = float(entry["t"])
        self.last_s = self.start_s
        self.boards = texts_of(entry.get("boards"))
        self._seen: dict[type, list[Any]] = {}

    def add(self, record: object, t: float) -> None:
        self._seen.setdefault(type(record), []).append(record)
        self.last_s = max(self.last_s, t)

    def of(self, kind: type) -> tuple[Any, ...]:
        """Return the records of one kind by time, which is nearly the order of arrival."""
        return tuple(sorted(self._seen.get(kind, ()), key=lambda record: float(record.t)))

    def result(self, run_end_s: float, earlier: tuple[TestRecord, ...]) -> TestRecord:
        """Return what was seen as frozen data."""
        start = self.start
        end = self.end or {
            "verdict": "blocked",
            "seconds": max(run_end_s, self.last_s) - self.start_s,
            "message": "the run stopped before this test came to its end",
        }
        parts = end.get("parts")
        line = start.get("line")
        return TestRecord(
            test=str(start["test"]),
            name=text_of(start.get("name")) or str(start["test"]),
            slug=_slug(str(start["test"])),
            file=_file(start),
            line=line if isinstance(line, int) else None,
            doc=text_of(start.get("doc")),
            requirements=texts_of(start.get("requirements")),
            boards=self.boards,
            params=dict(start.get("params") or {}),
            start_s=self.start_s,
            seconds=float(end.get("seconds") or 0.0),
            verdict=str(end["verdict"]),
            phase=text_of(end.get("phase")),
            message=text_of(end.get("message")),
            parts={k: text_of(v) for k, v in parts.items()} if isinstance(parts, dict) else None,
            missing=texts_of(end.get("missing")),
            trace=text_of(end.get("trace")) or None,
            is_ended=self.end is not None,
            serial=self.of(SerialChunk),
            execs=self.of(ExecCall),
            effects=self.of(Effect),
            mqtt=self.of(MqttMessage),
            steps=self.of(StepRecord),
            expectations=self.of(ExpectRecord),
            snapshots=self.of(SnapshotRecord),
            measurements=self.of(Measurement),
            broker_log=self.of(LogLine),
            earlier=earlier,
        )


class _Assembly:
    """Collects the entries; each kind of entry has a method."""

    def __init__(self) -> None:
        self._start: Entry = {}
        self._end: Entry | None = None
        self._boards: dict[str, BoardRecord] = {}
        self._broker = ""
        self._broker_log: list[LogLine] = []
        self._tests: dict[str, list[_Attempt]] = {}
        self._going: dict[str, _Attempt] = {}
        self._problems: list[str] = []
        self._last_s = 0.0
        self._kinds: dict[str, Callable[[Entry], None]] = {
            "run.start": self._run_start,
            "run.end": self._run_end,
            "board.open": self._board_open,
            "board.deploy": self._board_deploy,
            "broker.start": self._broker_start,
            "broker.log": self._broker_line,
            "test.start": self._test_start,
            "test.end": self._test_end,
            "journal.cut": self._cut,
            "journal.lost": self._lost,
        }

    def take(self, number: int, entry: Entry) -> None:
        """Take one entry; what is wrong with it is noted."""
        try:
            self._last_s = max(self._last_s, float(entry["t"]))
            kind = entry["kind"]
            if kind in self._kinds:
                self._kinds[kind](entry)
            elif kind in RECORDS:
                self._add(entry, RECORDS[kind](entry))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self._problems.append(
                f"journal entry {number} ({entry.get('kind')}) is not understood: "
                f"{type(error).__name__}: {error}"
            )

    def _add(self, entry: Entry, record: object) -> None:
        """Give a record to the tests that it belongs to."""
        test, name = entry.get("test"), entry.get("board")
        if test is not None:
            owners = self._tests.get(test, [])[-1:]
        else:
            going = self._going.values()
            owners = [one for one in going if name is None or name in one.boards]
        for attempt in owners:
            attempt.add(record, float(entry["t"]))

    def _run_start(self, entry: Entry) -> None:
        self._start = entry

    def _run_end(self, entry: Entry) -> None:
        self._end = entry

    def _board_open(self, entry: Entry) -> None:
        opened = board(entry)
        known = self._boards.get(opened.name)
        self._boards[opened.name] = replace(
            opened, deployments=known.deployments if known else opened.deployments
        )

    def _board_deploy(self, entry: Entry) -> None:
        known = self._boards[str(entry["board"])]
        self._boards[known.name] = replace(
            known, deployments=(*known.deployments, deployment(entry))
        )

    def _broker_start(self, entry: Entry) -> None:
        self._broker = text_of(entry.get("version"))

    def _broker_line(self, entry: Entry) -> None:
        line = log_line(entry)
        self._broker_log.append(line)
        self._add(entry, line)

    def _test_start(self, entry: Entry) -> None:
        test, attempt = str(entry["test"]), _Attempt(entry)
        self._tests.setdefault(test, []).append(attempt)
        self._going[test] = attempt

    def _test_end(self, entry: Entry) -> None:
        if entry["verdict"] not in VERDICTS:
            msg = f"there is no verdict {entry['verdict']!r}"
            raise ValueError(msg)
        self._tests[entry["test"]][-1].end = entry
        self._going.pop(entry["test"], None)

    def _cut(self, entry: Entry) -> None:
        numbers = ", ".join(map(str, entry["lines"]))
        self._problems.append(f"the journal is cut or damaged at line {numbers}")

    def _lost(self, entry: Entry) -> None:
        self._problems.append(
            f"{entry['count']} journal entries before {float(entry['t']):.3f} s could not be "
            "written"
        )

    def result(self) -> Run:
        """Return what was collected as frozen data."""
        start = self._start
        end = self._end or {}
        if not start:
            self._problems.append("the journal has no beginning (no run.start)")
        if self._end is None:
            self._problems.append("the run did not come to its end (no run.end)")
        run = Run(
            id=text_of(start.get("run")),
            wall=text_of(start.get("wall")),
            argv=texts_of(start.get("argv")),
            versions={k: text_of(v) for k, v in (start.get("versions") or {}).items()},
            git=start.get("git"),
            device_src=start.get("device_src") or {},
            host=start.get("host") or {},
            requirements=tuple(
                Requirement(
                    **{each.name: text_of(row.get(each.name)) for each in fields(Requirement)}
                )
                for row in start.get("requirements") or ()
            ),
            boards=tuple(self._boards.values()),
            broker=self._broker,
            broker_log=tuple(self._broker_log),
            tests=tuple(self._test(attempts) for attempts in self._tests.values()),
            seconds=float(end.get("seconds") or self._last_s),
            exit=end.get("exit"),
            is_ended=self._end is not None,
            problems=tuple(self._problems),
        )
        return _with_count_checked(run, end.get("verdicts"))

    def _test(self, attempts: list[_Attempt]) -> TestRecord:
        """Return the last attempt at a test with the earlier ones inside."""
        *before, last = attempts
        return last.result(self._last_s, tuple(one.result(self._last_s, ()) for one in before))


def _with_count_checked(run: Run, told: dict[str, int] | None) -> Run:
    """Return the run, with a problem noted if it counted its verdicts otherwise at its end."""
    counted = {verdict: count for verdict, count in run.verdicts.items() if count}
    if told is None or {verdict: count for verdict, count in told.items() if count} == counted:
        return run
    problem = f"the run counted {told} at its end, its tests say {counted}"
    return replace(run, problems=(*run.problems, problem))


def assemble(entries: list[Entry]) -> Run:
    """Build the run from the entries of its journal, as `read_journal` gives them."""
    assembly = _Assembly()
    for number, entry in enumerate(entries, start=1):
        assembly.take(number, entry)
    return assembly.result()
