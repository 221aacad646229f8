"""The process behind a virtual board's port: one loop over port, interpreter, control socket."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

from harness.errors import ConfigError
from harness.virtual.access_point import CONDITIONS
from harness.virtual.board import VirtualBoard
from harness.virtual.fault import Fault, parse_fault
from harness.virtual.interpreter import find_interpreter
from harness.virtual.kernel import Timer
from harness.virtual.line import Line
from harness.virtual.line_fault import LineFault
from harness.virtual.observer import Seen
from harness.virtual.port import Port
from harness.virtual.settings import VirtualSettings

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
        self._verbs = self._table()
        self._port = Port(self._do)
        self._timer = Timer()
        self._down = LineFault("down", self._receive)
        self._up = LineFault("up", self._deliver)
        self._line = Line(
            settings.baud,
            settings.latency_ms / 1000,
            settings.packet_bytes,
            to_board=self._down.carry,
            to_client=self._up.carry,
        )
        self.board = VirtualBoard(
            settings, find_interpreter(settings.micropython), self._send, self._publish
        )
        self._fault = Fault()
        self._set_fault(settings.fault)
        self.board.power_on()

    @property
    def identity(self) -> dict[str, object]:
        """Who this is, as the verb ``identity`` answers."""
        return {
            "id": self.board.unique_id,
            "name": self._settings.name,
            "port": self._port.path,
            "pid": os.getpid(),
            "ssid": self._settings.ssid,
            "password": self._settings.password,
            "time_scale": self._settings.time_scale,
            "fault": str(self._fault),
        }

    def run(self) -> None:
        """Run until a signal, the verb ``close`` or the end of the parent's pipe."""
        while not self._is_ending:
            self._turn()

    def close(self) -> None:
        """Give everything back."""
        self.board.close()
        self._port.close()
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
        if self._port.terminal.opens in ready:
            self._note_opening()
        self._line.advance(time.monotonic())
        self._serve_board(ready)
        for number in ready:
            self._port.control.serve(number)
        self.board.advance()
        self._port.advance(time.monotonic())
        self._timer.set(self._line.due_s)

    def _note_opening(self) -> None:
        if self._port.terminal.update() and self._fault.open_reset:
            self._cut(self.board.reset)

    def _interest(self) -> dict[int, int]:
        wanted = {
            self._wakeup.fileno(): select.POLLIN,
            self._port.terminal.opens: select.POLLIN,
            self._timer.descriptor: select.POLLIN,
        }
        if self._ends_with_stdin:
            wanted[_STDIN] = select.POLLIN
        if self._port.terminal.is_open:
            wanted[self._port.terminal.master] = (
                select.POLLIN if self.board.keyboard.has_room and self._line.down.has_room else 0
            ) | (select.POLLOUT if self._port.terminal.has_backlog else 0)
        process = self.board.process
        if process is not None:
            wanted[process.exited] = select.POLLIN
            if self._line.up.has_room and not self._port.terminal.wants_pause(time.monotonic()):
                wanted[process.output.fileno()] = select.POLLIN
            if self.board.keyboard.is_blocked:
                wanted[process.input_descriptor] = select.POLLOUT
        wanted.update(self._port.control.interest())
        return wanted

    def _timeout_ms(self) -> float | None:
        now_s = time.monotonic()
        moments = [self.board.due_s, self._port.due_s]
        if self._port.terminal.wants_pause(now_s):
            moments.append(self._port.terminal.stalls_until_s())
        soonest_s = min((moment for moment in moments if moment is not None), default=None)
        return None if soonest_s is None else max(0.0, soonest_s - now_s) * 1000

    def _serve_board(self, ready: dict[int, int]) -> None:
        process = self.board.process
        if process is not None and process.output.fileno() in ready:
            self.board.drain()
        if self._port.terminal.master in ready:
            self._port.terminal.flush(time.monotonic())
            data = self._port.terminal.read()
            if data:
                self._line.send_down(data, time.monotonic())
        if process is not None and process.exited in ready and process is self.board.process:
            self.board.finish()

    # The line hands on what arrives at its two ends.

    def _send(self, data: bytes) -> None:
        self._line.send_up(data, time.monotonic())

    def _receive(self, data: bytes) -> None:
        self.board.type(data)
        self._wear(len(data))

    def _deliver(self, data: bytes) -> None:
        self._port.terminal.write(data, time.monotonic())
        self._wear(len(data))

    def _wear(self, byte_count: int) -> None:
        """Count what has crossed the line; the port goes away after so much."""
        if self._vanish_bytes >= 0:
            self._vanish_bytes -= byte_count
            if self._vanish_bytes < 0:
                self._vanish()

    def _vanish(self) -> None:
        self._vanish_bytes = -1
        self._line.down.clear()
        self._line.up.clear()
        self._port.vanish(time.monotonic() + self._fault.away / 1000)

    def _publish(self, change: Seen) -> None:
        self._port.control.publish(change.to_json())

    # The verbs of the control socket ----------------------------------------------------------

    def _do(self, verb: str, request: dict[str, Any]) -> object:
        done = self._verbs.get(verb)
        if done is None:
            raise ConfigError(
                "the virtual board knows no such verb",
                on=self._port.path,
                expected=", ".join((*self._verbs, "subscribe")),
                got=verb,
            )
        return done(request)

    def _table(self) -> dict[str, Callable[[dict[str, Any]], object]]:
        return {
            "identity": lambda _: self.identity,
            "state": lambda _: self._state(),
            "line": lambda request: self._line.report(forget=bool(request.get("forget"))),
            "reset": lambda _: self._cut(self.board.reset),
            "power": lambda request: self._cut(
                self.board.power_on if request.get("on") else self.board.power_off
            ),
            "input": lambda request: self._set_input(
                str(request.get("name")), request.get("value")
            ),
            "rest": lambda _: self.board.rest_inputs(),
            "fault": lambda request: self._set_fault(parse_fault(str(request.get("text", "")))),
            "vanish": lambda _: self._vanish(),
            "close": lambda _: self._end(),
        }

    def _cut(self, act: Callable[[], None]) -> None:
        """Do what ends a program in the middle of its output."""
        self._line.up.cut(time.monotonic())
        act()

    def _end(self) -> None:
        self._is_ending = True

    def _set_fault(self, fault: Fault) -> str:
        """Let that be wrong from now on, and nothing else; return it with its seed."""
        self._fault = fault.seeded()
        self._vanish_bytes = self._fault.vanish
        self._down.set(self._fault)
        self._up.set(self._fault)
        self.board.fault.set(self._fault)
        return str(self._fault)

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
            "board_us": board.clock.now_us(),
            "up_us": board.up_us,
            "columns": board.observer.panel.columns.hex(),
            "led": list(board.observer.led),
            "tone": list(board.observer.tone),
            "wifi": board.observer.wifi,
            "powered": board.is_powered,
            "brightness": board.observer.panel.brightness,
            "violations": board.observer.violations,
            "boots": board.boot_count,
            "crashes": board.crash_count,
            "lost_output_bytes": self._port.terminal.lost_bytes,
            "lost_input_bytes": board.keyboard.lost_bytes,
            "dropped_bytes": self._down.dropped_bytes + self._up.dropped_bytes,
            "flipped_bytes": self._down.flipped_bytes + self._up.flipped_bytes,
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
