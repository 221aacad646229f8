"""The host's end of a virtual board: its control socket.

The serial line itself is a path like any other; this is what comes beside it.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

from harness.deadline import Deadline
from harness.errors import (
    ConfigError,
    LinkLost,
    LinkOpenFailed,
    LinkTimeout,
)
from harness.link.rig import BenchEvent
from harness.link.virtual_part import (
    VirtualBench,
    VirtualInputs,
    VirtualLines,
    VirtualPower,
    colour_of,
)
from harness.link.virtual_process import VirtualProcess, start_virtual
from harness.virtual.fault import Fault, parse_fault
from harness.virtual.place import control_path, keep_if_answered
from harness.virtual.settings import MAX_TIME_SCALE, VirtualSettings

__all__ = [
    "MAX_TIME_SCALE",
    "Fault",
    "VirtualControl",
    "VirtualProcess",
    "VirtualSettings",
    "find_control",
    "parse_fault",
    "start_virtual",
]

_READ_BYTES = 1 << 16


def find_control(port_path: str) -> Path | None:
    """Return the control socket of the virtual board behind a port.

    Args:
        port_path: Path of the port, or of a link to it.

    Returns:
        None when the port is not a virtual board that lives; what a killed one left is removed.
    """
    path = control_path(port_path)
    return path if keep_if_answered(path) else None


class VirtualControl:
    """A connection to a virtual board's control socket.

    Attributes:
        identity: ``id``, ``name``, ``port``, ``pid``, ``ssid``, ``password``, ``time_scale``,
            ``fault``, as they were when the connection was made.
        lines: Its reset line.
        power: Its supply.
        bench: What is seen of it.
        inputs: Its inputs.
        network: Name and password of the Wi-Fi that it finds.
    """

    def __init__(self, path: Path, deadline: Deadline | None = None) -> None:
        """Connect.

        Args:
            path: Of the socket, from `find_control`.
            deadline: By when; a supervisor answers within milliseconds, so 5 s without one.

        Raises:
            LinkOpenFailed: Nobody listens there.
        """
        deadline = deadline or Deadline.after(5.0)
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise LinkOpenFailed(
                "the virtual board's control socket does not answer",
                reason="absent",
                on=str(path),
                expected="a running hil virtual",
                got=str(error),
                advice="hil virtual",
            ) from error
        self._changed = threading.Condition()
        self._answers: dict[int, dict[str, Any]] = {}
        self._events: list[BenchEvent] = []
        self._last_request = 0
        self._is_lost = False
        self._reader = threading.Thread(target=self._read, name=f"control {path.name}", daemon=True)
        self._reader.start()
        try:
            self.ask("subscribe", deadline)
            self.identity: dict[str, Any] = self.ask("identity", deadline)
        except BaseException:
            self.close()
            raise
        self.lines = VirtualLines(self)
        self.power = VirtualPower(self)
        self.bench = VirtualBench(self)
        self.inputs = VirtualInputs(self)

    @property
    def network(self) -> tuple[str, str]:
        """Name and password of the Wi-Fi that the board finds."""
        return str(self.identity["ssid"]), str(self.identity["password"])

    @property
    def time_scale(self) -> int:
        """How many times as fast the board's time passes while its programs wait."""
        return int(self.identity["time_scale"])

    def find_port(self, address: str) -> str:
        """Return the path of the board's port, which may have come back under another name.

        Args:
            address: By what path it was named; that of a port that is still the same.

        Raises:
            LinkOpenFailed: The port is away.
            LinkLost: The supervisor ended.
        """
        port = str(self.ask("identity", Deadline.after(5.0))["port"])
        if not port:
            raise LinkOpenFailed(
                "the board's port has gone away",
                reason="absent",
                on=address,
                expected="the port to come back",
                advice="hil boards",
            )
        return address if os.path.realpath(address) == port else port

    def set_fault(self, fault: Fault, deadline: Deadline) -> str:
        """Let that be wrong with the board and its line from now on, and nothing else.

        Returns:
            Its spelling, with the seed.
        """
        return str(self.ask("fault", deadline, text=str(fault)))

    def ask(self, verb: str, deadline: Deadline, **values: object) -> Any:
        """Have the supervisor do something; all events before it are there when this returns.

        Args:
            verb: See `harness.virtual.supervisor`.
            deadline: By when it must have answered.
            values: What the verb takes.

        Returns:
            The answer.

        Raises:
            ConfigError: The supervisor refused.
            LinkTimeout: No answer came in time.
            LinkLost: The supervisor ended.
        """
        with self._changed:
            self._last_request += 1
            number = self._last_request
            line = json.dumps({"id": number, "do": verb, **values}).encode() + b"\n"
            # A send to a supervisor that ended fails at once; one line always fits the buffer.
            with contextlib.suppress(OSError):
                self._socket.sendall(line)
            while number not in self._answers:
                if self._is_lost:
                    raise self._lost(verb)
                if not self._changed.wait(deadline.remaining_s) and deadline.is_expired:
                    raise LinkTimeout(
                        f"the virtual board did not answer {verb!r} within {deadline.total_s:g} s",
                        on=self._path.name,
                        expected="its supervisor to be running",
                        advice="look for a stopped process: ps -o pid,stat,args",
                    )
            answer = self._answers.pop(number)
        if "error" in answer:
            parts = answer["error"]
            raise ConfigError(parts.pop("tried"), **parts)
        return answer.get("ok")

    def events(self) -> list[BenchEvent]:
        """Return the events since the connection was made or `take`."""
        with self._changed:
            return list(self._events)

    def wait_event(self, seen: int, deadline: Deadline) -> int:
        """Wait for more events than `seen`; see `Bench.wait_event`.

        Raises:
            LinkLost: The supervisor ended.
        """
        with self._changed:
            while len(self._events) <= seen:
                if self._is_lost:
                    raise self._lost("events")
                if not self._changed.wait(deadline.remaining_s) and deadline.is_expired:
                    return min(seen, len(self._events))
            return len(self._events)

    def take(self) -> list[BenchEvent]:
        """Return the events that have come, and forget them."""
        with self._changed:
            events, self._events = self._events, []
            return events

    def close(self) -> None:
        """Close the connection; the board goes on. May be called twice."""
        with contextlib.suppress(OSError):
            # Ends the reader's recv, which closing alone does not.
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()

    def _lost(self, verb: str) -> LinkLost:
        return LinkLost(
            f"the virtual board ended while {verb!r} was asked of it",
            on=self._path.name,
            expected="its supervisor to be running",
            advice="start it again: hil virtual",
        )

    def _read(self) -> None:
        received = b""
        while True:
            try:
                data = self._socket.recv(_READ_BYTES)
            except OSError:
                data = b""
            if not data:
                break
            *lines, received = (received + data).split(b"\n")
            with self._changed:
                for line in lines:
                    self._take(json.loads(line))
                self._changed.notify_all()
        with self._changed:
            self._is_lost = True
            self._changed.notify_all()

    def _take(self, message: dict[str, Any]) -> None:
        if "event" in message:
            event = message["event"]
            self._events.append(
                BenchEvent(
                    at_s=float(event["at_s"]),
                    what=str(event["what"]),
                    columns=bytes.fromhex(event["columns"]),
                    brightness=int(event["brightness"]),
                    led=colour_of(event["led"]),
                    text=str(event["text"]),
                    frequency_hz=int(event["frequency_hz"]),
                    duty=float(event["duty"]),
                    durations_us=tuple(int(each) for each in event["durations_us"]),
                    board_us=int(event["board_us"]),
                )
            )
        else:
            self._answers[int(message["id"])] = message
