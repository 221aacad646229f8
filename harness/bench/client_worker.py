"""A MicroPython process that measures one client, told what to do line by line."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from harness.bench.client_peer import Client
from harness.broker.broker import BrokerAddress
from harness.deadline import Deadline
from harness.errors import DeviceException, LinkLost, LinkTimeout, RemoteProtocolError

#: The code that runs on the interpreter.
DEVICE_CODE = Path(__file__).with_name("device_code")

#: The heap of a 64-bit interpreter that holds about what the 70 KiB of a board hold.
BOARD_HEAP_BYTES = 140 * 1024

#: Before each answer, so that what a client prints is not taken for one.
_ANSWER = b"bench:"
_READ_BYTES = 1 << 16
#: Told to end by the end of its input, a worker does so at once; then it is killed.
_END_S = 2.0


@dataclass(frozen=True)
class Interpreter:
    """How MicroPython is started, without the models of a virtual board.

    Attributes:
        command: Program and first arguments; those of MicroPython follow.
    """

    command: tuple[str, ...]

    def start(
        self,
        folder: Path,
        script: str,
        arguments: Sequence[str],
        heap_bytes: int,
        *,
        is_inline: bool = False,
    ) -> subprocess.Popen[bytes]:
        """Start a script of `DEVICE_CODE`.

        Args:
            folder: Where the client's modules are.
            script: Its name.
            arguments: What it is given.
            heap_bytes: Size of the heap.
            is_inline: Whether it is given as text: the path of a file lies in the heap, among the
                names, whose table grows in steps.
        """
        path = DEVICE_CODE / script
        source = ["-c", path.read_text("utf-8")] if is_inline else [str(path)]
        return subprocess.Popen(
            [
                *self.command,
                *("-X", f"heapsize={heap_bytes}", *source, *arguments),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            # The name of each file that is imported lies in the heap: not a path of this machine.
            cwd=folder,
            env={"MICROPYPATH": ".frozen:."},
        )

    def run(
        self,
        folder: Path,
        script: str,
        arguments: Sequence[str],
        *,
        heap_bytes: int,
        deadline: Deadline,
        is_inline: bool = False,
    ) -> dict[str, Any] | None:
        """Run a script to its end and return its answer; None when it gave none, or not in time."""
        process = self.start(folder, script, arguments, heap_bytes, is_inline=is_inline)
        try:
            output, _ = process.communicate(timeout=deadline.remaining_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return None
        answers = [answer for line in output.splitlines() if (answer := parse_answer(line))]
        return answers[-1] if answers else None


def parse_answer(line: bytes) -> dict[str, Any] | None:
    """Return the answer in a line of output, None when the line is something else.

    Raises:
        RemoteProtocolError: It begins as an answer, and is none.
    """
    if not line.startswith(_ANSWER):
        return None
    try:
        answer = json.loads(line[len(_ANSWER) :])
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise RemoteProtocolError(
            "an answer of the measuring code cannot be read",
            received=line,
            on="hil bench client",
            expected="a JSON object",
        )
    return answer


class Worker:
    """One client in an interpreter of its own, alive from the first question on."""

    def __init__(self, interpreter: Interpreter, client: Client, address: BrokerAddress) -> None:
        """Describe it; nothing runs yet.

        Args:
            interpreter: What it runs on.
            client: What it measures.
            address: Of the broker.
        """
        self.client = client
        self.version = ""
        self._interpreter = interpreter
        self._address = address
        self._process: subprocess.Popen[bytes] | None = None
        self._received = b""

    def ask(self, measure: str, *numbers: int, deadline: Deadline) -> dict[str, Any]:
        """Let it measure.

        Args:
            measure: Name of a method of `Measure` in the device code.
            numbers: Its arguments.
            deadline: By when the answer must be there.

        Raises:
            DeviceException: The client raised.
            LinkTimeout: The answer did not come; the process is gone, the next call starts another.
            LinkLost: The process has ended; what it printed last is in the message.
        """
        try:
            process = self._process or self._start(deadline)
            # One that has ended is found out by the end of its output, with its last words.
            with contextlib.suppress(BrokenPipeError):
                _pipe(process.stdin).write(f"{' '.join((measure, *map(str, numbers)))}\n".encode())
            answer = self._answer(process, deadline)
        except BaseException:
            self.close()
            raise
        if "error" in answer:
            raise DeviceException(answer["error"], answer["text"], (), on=self.client.name)
        return answer

    def close(self) -> None:
        """End the process and wait for that. May be called twice."""
        process, self._process = self._process, None
        if process is None:
            return
        _pipe(process.stdin).close()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _pipe(process.stdout).close()

    def _start(self, deadline: Deadline) -> subprocess.Popen[bytes]:
        client = self.client
        self._received = b""
        self._process = process = self._interpreter.start(
            client.folder,
            "bench_worker.py",
            (
                "bench_bare" if client.is_loop else "bench_client",
                *(client.module, self._address.host, str(self._address.port)),
                f"bench-{client.name.replace(' ', '-')}",
            ),
            BOARD_HEAP_BYTES,
        )
        self.version = self._answer(process, deadline)["version"]
        return process

    def _answer(self, process: subprocess.Popen[bytes], deadline: Deadline) -> dict[str, Any]:
        output = _pipe(process.stdout)
        while True:
            line, end, rest = self._received.partition(b"\n")
            if end:
                self._received = rest
                answer = parse_answer(line)
                if answer is not None:
                    return answer
                continue
            ready, _, _ = select.select([output], [], [], deadline.remaining_s)
            if not ready:
                raise LinkTimeout(
                    "a client under measure did not come to an end",
                    received=self._received,
                    on=self.client.name,
                    expected=f"an answer within {deadline.total_s:g} s",
                )
            data = os.read(output.fileno(), _READ_BYTES)
            if not data:
                raise LinkLost(
                    "a client under measure has ended",
                    on=self.client.name,
                    expected="an answer",
                    got=self._received.decode(errors="backslashreplace")[-400:] or "nothing",
                )
            self._received += data


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # noqa: S101, each was asked for
    return pipe
