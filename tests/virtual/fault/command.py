"""`hil` as its users start it: real processes, and proof that nothing of them is left."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.deadline import Deadline
from harness.report.journal import read_journal

ROOT = Path(__file__).resolve().parents[3]

#: No command here takes more than some seconds; what does is stuck.
LIMIT_S = 30.0

#: What was killed with its parent is gone within milliseconds; a loaded machine takes longer.
GONE_S = 10.0

#: How often a condition that nothing announces is looked at again.
LOOK_S = 0.005

#: Stands in the environment of all that a test starts, and all that this starts.
MARK = "HIL_TEST_MARK"


@dataclass(frozen=True)
class Done:
    """A command that has ended.

    Attributes:
        code: Its exit code, negative for a signal.
        out: Its standard output.
        err: Its standard error.
        seconds: How long it took.
    """

    code: int
    out: str
    err: str
    seconds: float

    @property
    def json(self) -> Any:
        """The one object that it printed."""
        return json.loads(self.out)

    @property
    def line(self) -> str:
        """The one line that it wrote to standard error."""
        (line,) = self.err.splitlines()
        return line

    @property
    def folder(self) -> Path:
        """The run folder that `hil run` named."""
        (line,) = (x for x in self.out.splitlines() if x.startswith("report    /"))
        return Path(line.split()[1]).parent

    @property
    def journal(self) -> list[dict[str, Any]]:
        """The run's journal."""
        return read_journal(self.folder / "journal.jsonl")

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdict of each test by its name, from the journal."""
        return verdicts(self.journal)


def verdicts(journal: list[dict[str, Any]]) -> dict[str, str]:
    """Return the verdict of each test by its name."""
    return {
        entry["test"].split("::")[1]: entry["verdict"]
        for entry in journal
        if entry["kind"] == "test.end"
    }


class Running:
    """A command that runs, in a process group of its own as a shell gives it."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, err: Path) -> None:
        """Take over a process whose output goes to two files."""
        self.process = process
        self._out, self._err = out, err
        self._started_s = time.monotonic()

    @property
    def out(self) -> str:
        """Its standard output so far."""
        return self._out.read_text(encoding="utf-8", errors="replace")

    @property
    def out_data(self) -> bytes:
        """Its standard output so far, byte for byte."""
        return self._out.read_bytes()

    @property
    def err(self) -> str:
        """Its standard error so far."""
        return self._err.read_text(encoding="utf-8", errors="replace")

    def send(self, number: signal.Signals, *, to_group: bool = False) -> None:
        """Send a signal to it, or to its group as a terminal does for Ctrl-C."""
        (os.killpg if to_group else os.kill)(self.process.pid, number)

    def until(self, holds: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
        """Wait until a condition holds while it runs."""
        deadline = Deadline.after(limit_s)
        while not holds():
            assert not deadline.is_expired, f"waited for {holds}; printed: {self.out[-2000:]}"
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self.process.wait(LOOK_S)
                assert holds(), f"ended with {code}; printed: {self.out[-2000:]}{self.err}"

    def signal_after(self, wait_s: float, number: signal.Signals) -> Done:
        """Send a signal to its group after some time, if it still runs, and wait for its end."""
        try:
            self.process.wait(wait_s)
        except subprocess.TimeoutExpired:
            self.send(number, to_group=True)
        return self.wait()

    def wait(self, limit_s: float = LIMIT_S) -> Done:
        """Wait for its end."""
        try:
            code = self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(
                f"{self.process.args!r} did not end in {limit_s:g} s: {self.out[-1000:]}"
            ) from None
        return Done(code, self.out, self.err, time.monotonic() - self._started_s)


class Commands:
    """The commands of one test."""

    def __init__(self, folder: Path, temporary: Path) -> None:
        """Run them in a folder of their own, with a folder of their own for temporary files."""
        self.folder = folder
        self._temporary = temporary
        self._mark = f"{folder}"
        self._running: list[Running] = []
        self._held = contextlib.ExitStack()
        self._environment = {
            key: value for key, value in os.environ.items() if not key.startswith("HIL_")
        }
        self._environment |= {
            MARK: self._mark,
            "TMPDIR": str(temporary),
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "100",
        }
        if "HIL_MOSQUITTO" in os.environ:
            self._environment["HIL_MOSQUITTO"] = os.environ["HIL_MOSQUITTO"]

    def start(
        self,
        *arguments: str,
        environment: Mapping[str, str | None] | None = None,
        before: tuple[str, ...] = (),
        stdin: bytes = b"",
    ) -> Running:
        """Start a command.

        Args:
            arguments: Those of `hil`.
            environment: Changes; None takes a variable away.
            before: A command in front of it.
            stdin: What it reads.
        """
        changed = {**self._environment, **(environment or {})}
        number = len(self._running)
        out, err = self.folder / f"out-{number}", self.folder / f"err-{number}"
        given = self.folder / f"in-{number}"
        given.write_bytes(stdin)
        with out.open("wb") as to_out, err.open("wb") as to_err, given.open("rb") as from_in:
            process = subprocess.Popen(
                [*before, sys.executable, "-m", "harness.cli", *arguments],
                cwd=self.folder,
                env={key: value for key, value in changed.items() if value is not None},
                stdin=from_in,
                stdout=to_out,
                stderr=to_err,
                start_new_session=True,
                # A shell that runs the tests in the background has them ignore Ctrl-C.
                preexec_fn=_heed_ctrl_c,  # noqa: PLW1509 (nothing but one system call)
            )
        running = Running(process, out, err)
        self._running.append(running)
        return running

    def run(self, *arguments: str, limit_s: float = LIMIT_S, **how: Any) -> Done:
        """Run a command to its end; see `start`."""
        return self.start(*arguments, **how).wait(limit_s)

    def scenario(self, text: str, name: str = "test_tiny.py") -> str:
        """Write a file of scenarios and return its name."""
        (self.folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
        return name

    def board(self, *arguments: str) -> tuple[Running, str]:
        """Start `hil virtual` and return it with the path of its port.

        No other board gets the number of its pseudo-terminal before the test has ended: where a
        board dies, what ran on it still holds its lease for some seconds.
        """
        running = self.start("virtual", "--json", *arguments)
        running.until(lambda: running.out.endswith("\n"))
        port = str(json.loads(running.out)["port"])
        self._held.callback(os.close, os.open(port, os.O_RDWR | os.O_NOCTTY))
        return running, port

    def run_folders(self) -> list[Path]:
        """Return the folders of all runs so far."""
        return sorted(path.parent for path in (self.folder / "reports").glob("2*/journal.jsonl"))

    def close(self) -> None:
        """End what still runs, and prove that nothing is left."""
        for running in self._running:
            if running.process.poll() is None:
                running.process.terminate()
                running.wait()
        deadline = Deadline.after(GONE_S)
        while left := self.left():
            _await_end(next(iter(left)), deadline)
            assert not deadline.is_expired, f"left behind: {left}"
        self._held.close()
        assert not list(self._temporary.iterdir())

    def until_gone(self, words: str) -> None:
        """Wait until no process of this test lives whose command has some words in it."""
        deadline = Deadline.after(GONE_S)
        while found := {pid for pid, command in self.left().items() if words in command}:
            _await_end(next(iter(found)), deadline)
            assert not deadline.is_expired, f"left behind: {self.left()}"

    def left(self) -> dict[int, str]:
        """Return the processes that this test has started and that live, with their commands."""
        return dict(self._living())

    def _living(self) -> Iterator[tuple[int, str]]:
        marked = f"{MARK}={self._mark}".encode()
        for entry in Path("/proc").iterdir():
            # A process that ends while we look has nothing to read any more. An interpreter has
            # an empty environment: it is known by the folder that it was started in.
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and (
                    marked in (entry / "environ").read_bytes().split(b"\0")
                    or (entry / "cwd").readlink() == self.folder
                ):
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                    yield int(entry.name), b" ".join(words).decode(errors="replace")[:200]


def _heed_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _await_end(pid: int, deadline: Deadline) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        select.select([descriptor], [], [], deadline.remaining_s)
    finally:
        os.close(descriptor)
