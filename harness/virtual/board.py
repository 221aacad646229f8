"""One virtual board without its connectors: supply, resets, interpreter, models, flash."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from harness.virtual.access_point import AccessPoint
from harness.virtual.board_fault import BoardFault
from harness.virtual.clock import BoardClock
from harness.virtual.console import Console, Output
from harness.virtual.flash import Flash
from harness.virtual.inputs import InputBlock
from harness.virtual.interpreter import ROM, Interpreter
from harness.virtual.keyboard import Keyboard
from harness.virtual.observer import Observer, Seen, drive_of
from harness.virtual.process import BootArguments, Process
from harness.virtual.restart import HARD_RESET, POWER_ON, SOFT_RESET, Restart
from harness.virtual.settings import VirtualSettings

SOFT_REBOOT = b"MPY: soft reboot\r\n"
_PACKETS_AT_ONCE = 256
#: How often a program that waits is woken for its timers; an ESP32's own tick is 5 to 10 ms.
_WAKE_S = 0.01
_SHORTEST_WAKE_S = 0.001


class VirtualBoard:
    """The board; its owner moves bytes, time and readiness.

    Attributes:
        unique_id: In hexadecimal.
        process: The interpreter, None while there is none.
        keyboard: What comes in on the serial line.
        observer: What is seen of it.
        clock: Its time, also while it has no supply.
        access_point: The Wi-Fi.
        fault: What is wrong with it.
        is_powered: Whether it has a supply.
        boot_count: Runs of the interpreter so far.
        crash_count: Runs that ended by a signal or before their boot.
    """

    def __init__(
        self,
        settings: VirtualSettings,
        interpreter: Interpreter,
        send: Callable[[bytes], None],
        publish: Callable[[Seen], None],
    ) -> None:
        """Make it, without supply.

        Args:
            settings: What it is made of.
            interpreter: What it runs.
            send: Takes what it sends on the serial line.
            publish: Takes what is seen of it.
        """
        self.unique_id = settings.board_id()
        self.process: Process | None = None
        self.keyboard = Keyboard(settings.uart_bytes)
        self.observer = Observer()
        self.access_point = AccessPoint(settings.ssid, settings.password, settings.connect_s)
        self.fault = BoardFault()
        self.fault.set(settings.fault)
        self.is_powered = False
        self.boot_count = 0
        self.crash_count = 0
        self._settings = settings
        self._interpreter = interpreter
        self._send = send
        self._publish = publish
        self._flash = Flash(settings.flash, settings.name)
        self._inputs = InputBlock()
        self.clock = BoardClock(settings.time_scale)
        self._console = Console(b"", is_raw=False)
        self._is_mounted = False
        self._epoch_ms = 0
        self._restart = Restart()
        self._wake_at_s: float | None = None
        self._wake_s = max(_SHORTEST_WAKE_S, _WAKE_S / settings.time_scale)

    # Supply and resets ------------------------------------------------------------------------

    def power_on(self) -> None:
        """Give it its supply; nothing happens when it has it."""
        if not self.is_powered:
            self.is_powered = True
            self._restart_hard(POWER_ON)

    def power_off(self) -> None:
        """Cut the supply: RAM and what was not yet written are gone, the flash stays."""
        if self.is_powered:
            self.is_powered = False
            self._end_process()
            self.keyboard.clear()
            self._restart.at_s = None
            self.access_point.power_up()
            self._show_wifi()
            self._publish_all(self.observer.power_down(time.monotonic(), self.clock.now_us()))

    def reset(self) -> None:
        """Reset it as its reset line would; nothing happens without a supply."""
        if self.is_powered:
            self._end_process()
            self._restart_hard(POWER_ON)

    def _restart_hard(self, cause: int) -> None:
        self.keyboard.clear()
        self.access_point.power_up()
        self._epoch_ms = self.clock.now_us() // 1000
        self._send(self.fault.boot_noise())
        if cause == POWER_ON:
            self._restart.forget()
        self._start(cause, is_raw=False)

    def _start(self, cause: int, *, is_raw: bool) -> None:
        self._restart.begin(cause)
        self._publish_all(self.observer.release_pins(time.monotonic(), self.clock.now_us()))
        self._inputs.answer(0)
        self._show_wifi()
        self._is_mounted = False
        self._wake_at_s = None
        self.boot_count += 1
        self.process = Process(
            self._interpreter,
            BootArguments(
                rom=ROM,
                heap=self._settings.heap,
                flash=self._flash.descriptor,
                inputs=self._inputs.descriptor,
                clock=self.clock.descriptor,
                is_raw=is_raw,
                cause=cause,
                unique_id=self.unique_id,
                epoch_ms=self._epoch_ms,
                time_scale=self._settings.time_scale,
                faults=self.fault.boot_words(),
            ),
        )
        self._console = Console(self.process.tag, is_raw=is_raw)

    def _end_process(self) -> None:
        if self.process is not None:
            self.process.close()
            self.process = None
            self.clock.end_wait()

    # What the interpreter does ----------------------------------------------------------------

    def drain(self) -> None:
        """Take over what the interpreter has written; reports take effect before the output."""
        if self.process is None:
            return
        output = Output()
        for packet in self.process.read_packets(_PACKETS_AT_ONCE):
            self._console.take(packet, output)
        for report in output.reports:
            self._take_report(report)
        if output.data:
            self._send(bytes(output.data))

    @property
    def _epoch_us(self) -> int:
        """The board's time at its last hard reset, from which its own clock counts."""
        return self._epoch_ms * 1000

    @property
    def up_us(self) -> int:
        """What its own clock says now."""
        return self.clock.now_us() - self._epoch_us

    def _take_report(self, report: bytes) -> None:
        now_s = time.monotonic()
        kind, rest = report[:1], report[1:]
        if kind == b"P":
            if self.process is not None and self.process.take_interrupted():
                self.observer.panel.expect_cut()
            board_us = self._epoch_us + int.from_bytes(rest[:8], "little")
            self._publish_all(self.observer.wires(rest[8:], now_s, board_us))
        elif kind == b"L":
            self._publish_all(self.observer.drive(*drive_of(rest, self._epoch_us), now_s))
        elif kind == b"K":
            self.keyboard.is_binary = rest == b"0"
        elif kind == b"I" and self.process is not None:
            self.process.interrupt()
        elif kind == b"T":
            self._wake_at_s = now_s + self._wake_s if rest == b"1" else None
        elif kind == b"B":
            self._is_mounted = True
            if rest == b"repl":
                self._restart.forget()
        elif kind == b"?":
            self._do_request(rest[0], rest[1:], now_s)

    def _do_request(self, number: int, request: bytes, now_s: float) -> None:
        if request == b"X":
            # It waits for an answer that never comes; its end is seen by `finish`.
            self._restart.cause = HARD_RESET
            if self.process is not None:
                self.process.kill()
            return
        self.access_point.request(request[1:2].decode(), request[2:], now_s)
        self._show_wifi()
        self._inputs.answer(number)

    def finish(self) -> None:
        """Deal with the end of the interpreter's run: it is a reset of one kind or another."""
        process = self.process
        if process is None:
            return
        before = -1
        while before != self._console.packet_count:
            before = self._console.packet_count
            self.drain()
        status = process.reap()
        is_hard = self._restart.cause == HARD_RESET and status == -signal.SIGKILL
        unread = process.take_back()
        if not self._console.at_prompt:
            self._restart.count_short()
        self._end_process()
        if is_hard:
            self._schedule(HARD_RESET)
        elif status >= 0 and self._is_mounted:
            self._send(SOFT_REBOOT)
            self.keyboard.restart(unread)
            self._schedule(SOFT_RESET)
        else:
            self.crash_count += 1
            cause = signal.Signals(-status).name if status < 0 else f"exit code {status}"
            text = f"\r\nvirtual board: the interpreter died ({cause}), hard reset\r\n"
            self._send(text.encode())
            self._schedule(HARD_RESET)

    def _schedule(self, cause: int) -> None:
        self._restart.schedule(cause, time.monotonic())
        self.advance()

    # Time, input ------------------------------------------------------------------------------

    @property
    def due_s(self) -> float | None:
        """When `advance` has something to do; None for not before anything else happens."""
        moments = (
            self._restart.at_s,
            self._wake_at_s if self.process is not None else None,
            self.access_point.due_s,
            self.observer.due_s,
            self.keyboard.due_s(time.monotonic()) if self._is_mounted else None,
        )
        return min((moment for moment in moments if moment is not None), default=None)

    def advance(self) -> None:
        """Let the time pass: delayed starts, Wi-Fi, LED, input that was held back."""
        now_s = time.monotonic()
        if self._restart.is_due(now_s):
            if self._restart.cause == SOFT_RESET:
                self._start(SOFT_RESET, is_raw=self._console.is_raw)
            else:
                self._restart_hard(self._restart.cause)
        if self._wake_at_s is not None and now_s >= self._wake_at_s and self.process is not None:
            self._wake_at_s = now_s + self._wake_s
            self.process.wake()
        self.access_point.advance(now_s)
        self._show_wifi()
        self._publish_all(self.observer.settle(now_s))
        self.pump()

    def type(self, data: bytes) -> None:
        """Take what a client has sent on the serial line; lost without a supply."""
        if not self.is_powered:
            return
        if self.process is not None and self.fault.hangs(len(data)):
            self.process.hang()
        data = self.fault.typed(data, at_raw_prompt=self._console.at_raw_prompt)
        self.keyboard.put(data, self.process)
        self.pump()

    def pump(self) -> None:
        """Pass input on to the interpreter as far as it takes it."""
        if self.process is not None and self._is_mounted:
            self.keyboard.pump(self.process, time.monotonic())

    def set_wifi(self, condition: str) -> None:
        """Change what the access point does; see `AccessPoint.set_condition`."""
        self.access_point.set_condition(condition, time.monotonic())
        self._show_wifi()

    def set_input(self, name: str, value: object) -> None:
        """Set an input; see `InputBlock.set`.

        Raises:
            ConfigError: There is no such input or value.
        """
        self._inputs.set(name, value, time.monotonic_ns() // 1000)

    def rest_inputs(self) -> bool:
        """Put all inputs back and bring the Wi-Fi up; return whether any was not at rest."""
        had_wifi = self.access_point.condition == "up"
        if not had_wifi:
            self.set_wifi("up")
        return self._inputs.rest(time.monotonic_ns() // 1000) or not had_wifi

    def look(self) -> None:
        """Bring what is seen up to date, LED and speaker at once."""
        self.drain()
        self._publish_all(self.observer.settle(time.monotonic(), force=True))

    def _show_wifi(self) -> None:
        point = self.access_point
        self._inputs.show_wifi(int(point.shown), point.losses)
        self._publish_all(self.observer.link(point.state.name.lower(), time.monotonic()))

    def _publish_all(self, changes: list[Seen]) -> None:
        for change in changes:
            self._publish(change)

    def close(self) -> None:
        """End it all."""
        self._end_process()
        self._inputs.close()
        self.clock.close()
        self._flash.close()
