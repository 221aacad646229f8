"""Run a suite once on each of several boards, at the same time, as one run.

Each board has a process of its own, which is a whole `hil run`: what one board does to its process
costs the others nothing. Tests that take several boards run afterwards, once, with all of them. The
journals become one, and the reports are made from it.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from harness.cli.parent_line import FOR_PARENT
from harness.lab.dut import Dut
from harness.report.merge import Part, end_journal, merge_journals
from harness.report.traceability import Share, coverage, shares
from harness.report.write import write_reports
from harness.scenario.verdict import (
    INCOMPLETE,
    INTERNAL_ERROR,
    INTERRUPTED,
    NOTHING_RAN,
    PASSED,
    VERDICTS,
    exit_code,
    reasons_of,
)

#: How long an interrupted process has to give its board back and to write its reports.
STOP_S = 60.0


@dataclass(frozen=True)
class FleetResult:
    """What became of a run on several boards; `as_json` is the shape of ``hil run --json``."""

    as_json: dict[str, Any]
    code: int


class _Member:
    """One process and what it told."""

    def __init__(
        self, name: str, arguments: Sequence[str], tell: Callable[[str], None], *, board: str
    ) -> None:
        self.name = name
        self.board = board
        self.begun: dict[str, Any] = {}
        self.ended: dict[str, Any] = {}
        self._tell = tell
        self.process = subprocess.Popen(
            [sys.executable, "-m", "harness.cli", "run", FOR_PARENT, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            # A terminal's Ctrl-C is for us; we pass it on, once.
            start_new_session=True,
        )
        self._readers = [
            threading.Thread(target=read, args=(stream,), name=f"{name} {read.__name__}")
            for read, stream in (
                (self._read_messages, self.process.stdout),
                (self._read_lines, self.process.stderr),
            )
        ]
        for reader in self._readers:
            reader.start()

    @property
    def code(self) -> int:
        """The exit code that stands for how it ended."""
        code = self.process.returncode
        if self.ended:
            return int(self.ended["exit"])
        # It died, or was stopped before it had begun to listen.
        return INTERRUPTED if code == -signal.SIGTERM else code if code > 0 else INTERNAL_ERROR

    def stop(self) -> None:
        """Have it end as by Ctrl-C."""
        if self.process.poll() is None:
            self.process.terminate()

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait for its end."""
        self.process.wait(timeout_s)
        for reader in self._readers:
            reader.join()

    def close(self) -> None:
        """Make sure that it has ended."""
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _read_messages(self, stream: IO[str]) -> None:
        for line in stream:
            message = json.loads(line)
            self.begun = message.get("begun", self.begun)
            self.ended = message.get("ended", self.ended)

    def _read_lines(self, stream: IO[str]) -> None:
        for line in stream:
            if line.strip():
                self._tell(f"[{self.name}] {line.rstrip()}")


class Fleet:
    """The boards of one run."""

    def __init__(
        self, duts: Sequence[Dut], arguments: Sequence[str], tell: Callable[[str], None]
    ) -> None:
        """Start nothing yet.

        Args:
            duts: The boards.
            arguments: Those of `hil run` but ``--board``.
            tell: Is told of each line that a board's process writes, the board's name before it.
        """
        self._duts = list(duts)
        self._arguments = list(arguments)
        self._lock = threading.Lock()
        self._tell_one = tell
        self._members: list[_Member] = []
        self._started_s = time.monotonic()

    def run(self) -> FleetResult:
        """Run all to their end, also when Ctrl-C comes; then make one run of them."""
        is_interrupted = False
        try:
            alone = [
                self._start(dut.name, [dut], share="one", board=dut.name) for dut in self._duts
            ]
            self._wait(alone)
            if any(member.ended.get("deferred") for member in alone):
                # Those that worked come first: a test that takes two of three finds them.
                order = sorted(
                    range(len(alone)), key=lambda i: alone[i].code not in (PASSED, 1, NOTHING_RAN)
                )
                duts = [self._duts[i] for i in order]
                self._wait([self._start("together", duts, share="several", board="")])
        except KeyboardInterrupt:
            is_interrupted = True
            for member in self._members:
                member.stop()
            deadline_s = time.monotonic() + STOP_S
            with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
                # A second Ctrl-C ends the waiting.
                for member in self._members:
                    member.wait(max(0.0, deadline_s - time.monotonic()))
        finally:
            for member in self._members:
                member.close()
        return self._result(is_interrupted=is_interrupted)

    def _start(self, name: str, duts: Sequence[Dut], *, share: str, board: str) -> _Member:
        spec = ",".join(dut.name if dut.is_listed else dut.spec.text for dut in duts)
        arguments = [
            "--board",
            spec,
            f"--hil-share={share}",
            "--no-header",
            *(_own_output(each, board or name) for each in self._arguments),
        ]
        member = _Member(name, arguments, self._tell, board=board)
        self._members.append(member)
        return member

    def _wait(self, members: Sequence[_Member]) -> None:
        for member in members:
            member.wait()

    def _tell(self, line: str) -> None:
        with self._lock:
            self._tell_one(line)

    def _result(self, *, is_interrupted: bool) -> FleetResult:
        reasons = {member.code for member in self._members} - {PASSED, NOTHING_RAN}
        if is_interrupted:
            reasons.add(INTERRUPTED)
        counts = dict.fromkeys(VERDICTS, 0)
        begun = [member for member in self._members if member.begun]
        run_id = report = None
        covered: list[Share] = []
        if begun:
            run_id = f"{begun[0].begun['run']}-fleet"
            folder = Path(begun[0].begun["folder"]).with_name(run_id)
            folder.mkdir()
            journal = folder / "journal.jsonl"
            parts = [
                Part(Path(member.begun["folder"]) / "journal.jsonl", member.board)
                for member in begun
            ]
            counts |= merge_journals(parts, journal, run_id)
            seconds = time.monotonic() - self._started_s
            code = exit_code(reasons | reasons_of(counts))
            end_journal(journal, counts, code, seconds)
            outcome = write_reports(folder)
            if outcome.failures:
                reasons.add(INCOMPLETE)
            report = outcome.paths.get("page")
            covered = [] if outcome.run is None else shares(coverage(outcome.run))
            _take_the_place_of(begun, folder)
        code = exit_code(reasons | reasons_of(counts))
        boards = {
            board["name"]: board for member in begun for board in member.ended.get("boards", [])
        }
        return FleetResult(
            {
                "verdicts": counts,
                "exit": code,
                "boards": list(boards.values()),
                "report": str(report) if report else None,
                "run": run_id,
                "coverage": [asdict(share) for share in covered],
                "per_board": [
                    {
                        "name": member.name,
                        "exit": member.code,
                        "verdicts": member.ended.get("verdicts", dict.fromkeys(VERDICTS, 0)),
                    }
                    for member in self._members
                ],
            },
            code,
        )


def _take_the_place_of(members: Sequence[_Member], folder: Path) -> None:
    """Remove the folders of the single runs: all of their journals is in the merged one."""
    for member in members:
        shutil.rmtree(member.begun["folder"])
    fresh, latest = folder.with_name(f".latest-{folder.name}"), folder.with_name("latest")
    with contextlib.suppress(OSError):
        fresh.symlink_to(folder.name)
        fresh.replace(latest)


def _own_output(argument: str, name: str) -> str:
    """Give each board a file of its own where pytest is asked to write one."""
    option, _, value = argument.partition("=")
    if option not in {"--junitxml", "--junit-xml"}:
        return argument
    path = Path(value)
    return f"{option}={path.with_name(f'{path.stem}-{name}{path.suffix}')}"
