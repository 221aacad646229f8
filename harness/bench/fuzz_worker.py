"""An interpreter that runs fuzzed cases, fed and read at the same time, and watched."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from harness.bench.client_worker import DEVICE_CODE
from harness.bench.fuzz_case import Case, CaseSeen, case_seen
from harness.deadline import Deadline
from harness.errors import LinkLost, LinkTimeout

#: Cases on their way to an interpreter; it never waits for one, and the answers fit into a pipe.
AHEAD = 40
#: A case takes a millisecond. An interpreter that has said nothing for so long will not.
SILENT_S = 20.0
_ANSWER = b"fuzz:"
_READ_BYTES = 1 << 16
_END_S = 30.0


@dataclass(frozen=True)
class Runtime:
    """How an interpreter is started.

    Attributes:
        name: ``cpython`` or ``micropython``.
        command: Program and first arguments; the script follows.
    """

    name: str
    command: tuple[str, ...]


def cpython() -> Runtime:
    """Return the interpreter that runs the harness."""
    return Runtime("cpython", (sys.executable, "-u"))


def micropython(command: tuple[str, ...]) -> Runtime:
    """Return a MicroPython with room for the longest case beside the client.

    Args:
        command: Program and first arguments.
    """
    return Runtime("micropython", (*command, "-X", "heapsize=1m"))


class FuzzWorker:
    """One interpreter, from its start to its end."""

    def __init__(
        self,
        runtime: Runtime,
        device_src: Path,
        *,
        coverage: Path | None = None,
        silent_s: float = SILENT_S,
    ) -> None:
        """Start it.

        Args:
            runtime: Which one.
            device_src: The client's folder.
            coverage: Where a report of the branch coverage is to be written at the end.
            silent_s: How long no answer may come while cases are on their way.
        """
        arguments = [str(device_src)] + ([str(coverage)] if coverage else [])
        self._silent_s = silent_s
        self._process = subprocess.Popen(
            [*runtime.command, str(DEVICE_CODE / "fuzz_runner.py"), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )
        self._in, self._out = _pipe(self._process.stdin), _pipe(self._process.stdout)
        os.set_blocking(self._in.fileno(), False)
        self._to_send = bytearray()
        self._received = bytearray()
        self._lines: deque[bytes] = deque()
        self._waiting: deque[Case] = deque()
        try:
            self.version: str = self._answer()["version"]
        except BaseException:
            self.kill()
            raise

    def run(self, cases: Iterable[Case]) -> Iterator[tuple[Case, CaseSeen]]:
        """Run cases, and yield each with what was seen, in their order.

        Raises:
            LinkTimeout: The first of `unanswered` does not come to an end.
            LinkLost: The interpreter has ended.
        """
        for case in cases:
            self._waiting.append(case)
            self._to_send += case.line()
            if len(self._waiting) >= AHEAD:
                yield self._next()
        while self._waiting:
            yield self._next()

    @property
    def unanswered(self) -> list[Case]:
        """The cases that were sent and have no answer."""
        return list(self._waiting)

    def finish(self) -> dict[str, Any] | None:
        """End it kindly; return its report of the coverage when it was to make one."""
        self._to_send += b"\n"
        deadline = Deadline.after(_END_S)
        try:
            while self._to_send:
                self._pump(deadline)
            while self._pump(deadline):
                pass
            self._process.wait(deadline.remaining_s)
        finally:
            self.kill()
        for line in self._lines:
            if line.startswith(_ANSWER) and "coverage" in (answer := json.loads(line[5:])):
                report: dict[str, Any] = json.loads(Path(answer["coverage"]).read_text("utf-8"))
                return report
        return None

    def kill(self) -> None:
        """End it at once. May be called twice."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        with contextlib.suppress(BrokenPipeError):
            self._in.close()
        self._out.close()

    def _next(self) -> tuple[Case, CaseSeen]:
        answer = self._answer()
        return self._waiting.popleft(), case_seen(answer)

    def _answer(self) -> dict[str, Any]:
        deadline = Deadline.after(self._silent_s)
        said: list[bytes] = []
        while True:
            while self._lines:
                line = self._lines.popleft()
                if line.startswith(_ANSWER):
                    answer: dict[str, Any] = json.loads(line[len(_ANSWER) :])
                    return answer
                said.append(line)
            if not self._pump(deadline):
                raise LinkLost(
                    "the interpreter under the fuzzed client has ended",
                    on="hil bench fuzz",
                    expected="an answer",
                    got=b"\n".join([*said, self._received])[-400:].decode(errors="replace"),
                )

    def _pump(self, deadline: Deadline) -> bool:
        """Send and receive what can be; False at the end of the interpreter's output."""
        wants = [self._in] if self._to_send else []
        ready, writable, _ = select.select([self._out], wants, [], deadline.remaining_s)
        if not ready and not writable:
            raise LinkTimeout(
                "a fuzzed client does not come to an end",
                received=bytes(self._received),
                on="hil bench fuzz",
                expected=f"an answer within {deadline.total_s:g} s",
            )
        if writable:
            try:
                del self._to_send[: os.write(self._in.fileno(), self._to_send[:_READ_BYTES])]
            except BrokenPipeError:  # it has ended, which the end of its output tells
                self._to_send.clear()
        if ready:
            data = os.read(self._out.fileno(), _READ_BYTES)
            if not data:
                return False
            *lines, rest = (bytes(self._received) + data).split(b"\n")
            self._received = bytearray(rest)
            self._lines.extend(lines)
        return True


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # noqa: S101, each was asked for
    return pipe
