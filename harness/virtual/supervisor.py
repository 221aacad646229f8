"""The process behind a virtual board's port: one loop over port, interpreter, control socket."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import time
from typing import Any

from harness.errors import ConfigError
from harness.virtual.access_point import CONDITIONS
from harness.virtual.board import VirtualBoard
from harness.virtual.control import ControlServer
from harness.virtual.interpreter import find_interpreter
from harness.virtual.kernel import Timer
from harness.virtual.line import Line
from harness.virtual.observer import Seen
from harness.virtual.settings import VirtualSettings
from harness.virtual.terminal import Terminal

_STDIN = 0


class Supervisor:
    """A running virtual board with its connectors."""

    def __init__(self, settings: VirtualSettings, *, ends_with_stdin: bool) -> None:
        """Make the board and switch it on.

        Args:
            settings: What it is made of.
            ends_with_stdin: Whether to end when standard input does: a pipe from the parent.

        Raises:
            InterpreterUnsuitable: There is no interpreter for it.
            ConfigError: A setting cannot be used.
        """
        self._settings = settings
        self._ends_with_stdin = ends_with_stdin
        self._is_ending = False
        self._wakeup = _wake_on_signals()
        self.terminal = Terminal()
        self._control = ControlServer(self.terminal.path, self._do)
        self._timer = Timer()
        self._line = Line(
            settings.baud,
            settings.latency_ms / 1000,
            settings.packet_bytes,
            to_board=self._receive,
            to_client=self._deliver,
        )
        self.board = VirtualBoard(
            settings, find_interpreter(settings.micropython), self._send, self._publish
        )
        self.board.power_on()

    @property
    def identity(self) -> dict[str, object]:
        """Who this is, as the verb ``identity`` answers."""
        return {
            "id": self.board.unique_id,
            "name": self._settings.name,
            "port": self.terminal.path,
            "pid": os.getpid(),
            "ssid": self._settings.ssid,
            "password": self._settings.password,
            "time_scale": self._settings.time_scale,
        }

    def run(self) -> None:
        """Run until a signal, the verb ``close`` or the end of the parent's pipe."""
        while not self._is_ending:
            self._turn()

    def close(self) -> None:
        """Give everything back."""
        self.board.close()
        self._control.close()
        self.terminal.close()
        self._timer.close()
        self._wakeup.close()

    def _turn(self) -> None:
        poll = select.poll()
        for number, events in self._interest().items():
            poll.register(number, events)
        ready = dict(poll.poll(self._timeout_ms()))
        if self._wakeup.fileno() in ready:
            self._is_ending = True
        if _STDIN in ready and self._ends_with_stdin and not os.read(_STDIN, 4096):
            self._is_ending = True
        if self.terminal.opens in ready:
            self.terminal.update()
        self._line.advance(time.monotonic())
        self._serve_board(ready)
        for number in ready:
            self._control.serve(number)
        self.board.advance()
        self._timer.set(self._line.due_s)

    def _interest(self) -> dict[int, int]:
        wanted = {
            self._wakeup.fileno(): select.POLLIN,
            self.terminal.opens: select.POLLIN,
            self._timer.descriptor: select.POLLIN,
        }
        if self._ends_with_stdin:
            wanted[_STDIN] = select.POLLIN
        if self.terminal.is_open:
            wanted[self.terminal.master] = (
                select.POLLIN if self.board.keyboard.has_room and self._line.down.has_room else 0
            ) | (select.POLLOUT if self.terminal.has_backlog else 0)
        process = self.board.process
        if process is not None:
            wanted[process.exited] = select.POLLIN
            if self._line.up.has_room and not self.terminal.wants_pause(time.monotonic()):
                wanted[process.output.fileno()] = select.POLLIN
            if self.board.keyboard.is_blocked:
                wanted[process.input_descriptor] = select.POLLOUT
        wanted.update(self._control.interest())
        return wanted

    def _timeout_ms(self) -> float | None:
        now_s = time.monotonic()
        moments = [self.board.due_s]
        if self.terminal.wants_pause(now_s):
            moments.append(self.terminal.stalls_until_s())
        soonest_s = min((moment for moment in moments if moment is not None), default=None)
        return None if soonest_s is None else max(0.0, soonest_s - now_s) * 1000

    def _serve_board(self, ready: dict[int, int]) -> None:
        process = self.board.process
        if process is not None and process.output.fileno() in ready:
            self.board.drain()
        if self.terminal.master in ready:
            self.terminal.flush(time.monotonic())
            data = self.terminal.read()
            if data:
                self._line.send_down(data, time.monotonic())
        if process is not None and process.exited in ready and process is self.board.process:
            self.board.finish()

    # The line hands on what arrives at its two ends.

    def _send(self, data: bytes) -> None:
        self._line.send_up(data, time.monotonic())

    def _receive(self, data: bytes) -> None:
        self.board.type(data)

    def _deliver(self, data: bytes) -> None:
        self.terminal.write(data, time.monotonic())

    def _publish(self, change: Seen) -> None:
        self._control.publish(change.to_json())

    # The verbs of the control socket ----------------------------------------------------------

    def _do(self, verb: str, request: dict[str, Any]) -> object:
        if verb == "identity":
            return self.identity
        if verb == "state":
            return self._state()
        if verb == "line":
            return self._line.report(forget=bool(request.get("forget")))
        if verb in ("reset", "power"):
            self._line.up.cut(time.monotonic())
        if verb == "reset":
            self.board.reset()
        elif verb == "power":
            (self.board.power_on if request.get("on") else self.board.power_off)()
        elif verb == "input":
            return self._set_input(str(request.get("name")), request.get("value"))
        elif verb == "close":
            self._is_ending = True
        else:
            raise ConfigError(
                "the virtual board knows no such verb",
                on=self.terminal.path,
                expected="identity, state, line, subscribe, reset, power, input or close",
                got=verb,
            )
        return None

    def _set_input(self, name: str, value: object) -> float:
        """Set an input and return when, on the monotonic clock."""
        if name != "wifi":
            self.board.set_input(name, value)
        elif value in CONDITIONS:
            self.board.set_wifi(str(value))
        else:
            raise ConfigError(
                "the value is not one for this input",
                on=name,
                expected=", ".join(CONDITIONS),
                got=repr(value),
            )
        return time.monotonic()

    def _state(self) -> dict[str, object]:
        self.board.look()
        board = self.board
        return {
            "at_s": time.monotonic(),
            "columns": board.observer.panel.columns.hex(),
            "led": list(board.observer.led),
            "tone": list(board.observer.tone),
            "wifi": board.observer.wifi,
            "powered": board.is_powered,
            "brightness": board.observer.panel.brightness,
            "violations": board.observer.violations,
            "boots": board.boot_count,
            "crashes": board.crash_count,
            "lost_output_bytes": self.terminal.lost_bytes,
            "lost_input_bytes": board.keyboard.lost_bytes,
        }


def _wake_on_signals() -> socket.socket:
    """Return a socket that is readable after SIGINT or SIGTERM."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)  # noqa: FBT003, the name of the call says it
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: writer.send(b"!"))
    return reader


def announce(identity: dict[str, object]) -> str:
    """Return the line that tells the parent that the board is there."""
    return json.dumps(identity)
