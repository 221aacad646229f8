"""The parts of a virtual board's rig: each asks the supervisor over the control socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.deadline import Deadline
from harness.link.rig import BenchEvent, BenchState, InputValue

if TYPE_CHECKING:
    from harness.link.virtual import VirtualControl


def colour_of(value: list[int]) -> tuple[int, int, int]:
    """Return a colour as the control socket has it."""
    red, green, blue = value
    return red, green, blue


class VirtualLines:
    """`Lines`: the reset line."""

    def __init__(self, control: VirtualControl) -> None:
        self._control = control

    def hard_reset(self, deadline: Deadline) -> None:
        """Pull it."""
        self._control.ask("reset", deadline)


class VirtualPower:
    """`Power`: the supply."""

    #: A virtual board has no capacitors.
    off_s = 0.0

    def __init__(self, control: VirtualControl) -> None:
        self._control = control

    def off(self, deadline: Deadline) -> None:
        """Cut it."""
        self._control.ask("power", deadline, on=False)

    def on(self, deadline: Deadline) -> None:
        """Give it again."""
        self._control.ask("power", deadline, on=True)


class VirtualBench:
    """`Bench`; after `state` all earlier events are in `events`."""

    def __init__(self, control: VirtualControl) -> None:
        self._control = control

    def state(self, deadline: Deadline) -> BenchState:
        """Ask what is seen now."""
        seen = self._control.ask("state", deadline)
        return BenchState(
            at_s=float(seen["at_s"]),
            columns=bytes.fromhex(seen["columns"]),
            led=colour_of(seen["led"]),
            wifi=str(seen["wifi"]),
            brightness=int(seen["brightness"]),
            frequency_hz=int(seen["tone"][0]),
            duty=float(seen["tone"][1]),
            violations=tuple(str(rule) for rule in seen["violations"]),
            board_us=int(seen["board_us"]),
            up_us=int(seen["up_us"]),
        )

    def events(self) -> list[BenchEvent]:
        """Return what has been seen."""
        return self._control.events()

    def wait_event(self, seen: int, deadline: Deadline) -> int:
        """Wait for more."""
        return self._control.wait_event(seen, deadline)

    def take(self) -> list[BenchEvent]:
        """Return what has been seen, and forget it."""
        return self._control.take()


class VirtualInputs:
    """`Inputs`; the names are those of `harness.virtual.inputs`."""

    def __init__(self, control: VirtualControl) -> None:
        self._control = control
        # Whoever had the board before may have left it so.
        self._may_be_set = True

    def set(self, name: str, value: InputValue, deadline: Deadline) -> float:
        """Set one."""
        self._may_be_set = True
        return float(self._control.ask("input", deadline, name=name, value=value))

    def rest(self, deadline: Deadline) -> bool:
        """Let go of all of them, if any was touched."""
        if not self._may_be_set:
            return False
        was_set = bool(self._control.ask("rest", deadline))
        self._may_be_set = False
        return was_set
