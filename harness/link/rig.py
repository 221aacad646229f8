"""What `link/` opens: a byte pipe, and what else a board's place in the lab offers.

Nothing above this folder knows whether the board is a real or a virtual one: what differs is which
of the optional parts of a `Rig` are there, and an absent part is a missing capability.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from harness.deadline import Deadline


class Link(Protocol):
    """A byte pipe with a deadline on every operation."""

    @property
    def name(self) -> str:
        """What a message calls it: the port's path or address."""
        ...

    def read(self, max_bytes: int, deadline: Deadline) -> bytes:
        """Return from 1 to `max_bytes` bytes as soon as any are there.

        Raises:
            LinkTimeout: Nothing came in time.
            LinkLost: The port went away.
        """
        ...

    def write(self, data: bytes, deadline: Deadline) -> None:
        """Send all of `data`.

        Raises:
            LinkTimeout: The port did not take it all in time.
            LinkLost: The port went away.
        """
        ...

    def close(self) -> None:
        """Give the port back. May be called twice."""
        ...


class Lines(Protocol):
    """The modem control lines of a serial port, which reset many boards."""

    def hard_reset(self, deadline: Deadline) -> None:
        """Pull the board's reset line and let it go."""
        ...


class Power(Protocol):
    """A switch for the board's supply."""

    @property
    def off_s(self) -> float:
        """For how long the supply is cut at least, in seconds: `on` waits for the rest of it."""
        ...

    def off(self, deadline: Deadline) -> None:
        """Cut the supply."""
        ...

    def on(self, deadline: Deadline) -> None:
        """Give the supply back."""
        ...


@dataclass(frozen=True)
class BenchEvent:
    """What an observer outside the program under test saw change.

    Attributes:
        at_s: When, in seconds of the host's monotonic clock.
        what: ``panel``, ``led``, ``tone``, ``ir``, ``wifi`` or ``violation``.
        columns: For ``panel``: 16 bytes, one a column from the left, bit 7 the top row
            (`show_image` notation). Dark panel: 16 zero bytes. Otherwise empty.
        brightness: For ``panel``: 0..7; 0 too for a panel on which nothing is lit.
        led: For ``led``: red, green, blue in 0..255. Otherwise (0, 0, 0).
        text: For ``wifi``: the state's name, such as ``connected``; for ``violation``: the rule of
            the panel's bus that was broken. Otherwise empty.
        frequency_hz: For ``tone``: of the speaker's square wave, 0 for silence. For ``ir``: of the
            carrier, 0 for light without one.
        duty: For ``tone``: which part of a period is high, 0 to 1; 0 for silence.
        durations_us: For ``ir``: mark and space in turn in microseconds of the board's clock; the
            first and the last is a mark. Otherwise empty.
        board_us: For ``panel``, ``led``, ``tone`` and ``ir``: when it began, in microseconds of the
            board's time, which goes on over all resets; its zero means nothing. An observer that
            does not know the board's time gives the host's, which is as good for a real board.
    """

    at_s: float
    what: str
    columns: bytes = b""
    brightness: int = 0
    led: tuple[int, int, int] = (0, 0, 0)
    text: str = ""
    frequency_hz: int = 0
    duty: float = 0.0
    durations_us: tuple[int, ...] = ()
    board_us: int = 0


@dataclass(frozen=True)
class BenchState:
    """What the observer sees now; fields as in `BenchEvent`.

    Attributes:
        brightness: What the panel's controller was told, 0..7, whatever is lit.
        violations: The rules of the panel's bus that were broken since the rig was made.
        board_us: Now, on the clock of `BenchEvent.board_us`.
        up_us: Now, on the board's own clock, which its ticks are of: since its last hard reset.
            Needed of a rig whose `Rig.time_scale` is not 1.
    """

    at_s: float
    columns: bytes
    led: tuple[int, int, int]
    wifi: str = ""
    brightness: int = 0
    frequency_hz: int = 0
    duty: float = 0.0
    violations: tuple[str, ...] = ()
    board_us: int = 0
    up_us: int = 0


class Bench(Protocol):
    """An observer that does not trust the program under test."""

    def state(self, deadline: Deadline) -> BenchState:
        """Return what is seen now."""
        ...

    def events(self) -> list[BenchEvent]:
        """Return all that was seen since the bench was opened or `take`, oldest first."""
        ...

    def wait_event(self, seen: int, deadline: Deadline) -> int:
        """Wait until more than `seen` events are there.

        Returns:
            How many there are now; `seen` itself when the deadline passed without a new one.
        """
        ...

    def take(self) -> list[BenchEvent]:
        """Return what `events` returns, and forget it."""
        ...


#: What an input may be set to.
InputValue = float | bool | str | Sequence[float]


class Inputs(Protocol):
    """What the rig can do to the board's inputs."""

    def set(self, name: str, value: InputValue, deadline: Deadline) -> float:
        """Set one input.

        Args:
            name: ``wifi`` takes ``up``, ``down`` or ``wrong_password``; what else there is, is the
                rig's; those of a virtual board are in docs/virtual-board.md, "Inputs".
            value: As the name demands.
            deadline: By when it must be done.

        Returns:
            When it was done, in seconds of the host's monotonic clock.

        Raises:
            ConfigError: The rig has no such input, or the value is not one for it.
        """
        ...

    def rest(self, deadline: Deadline) -> bool:
        """Put all inputs back to what they are when nobody touches the board, and the Wi-Fi up.

        Returns:
            Whether any was not at rest.
        """
        ...


@dataclass(frozen=True)
class Rig:
    """How to reach one board.

    Attributes:
        link: The byte pipe.
        kind: ``virtual`` or ``hardware``: data for the report, never a condition.
        port: What the user could type to reach the same port.
        lines: Reset line, if there is one that we may use.
        power: Supply switch, if there is one.
        bench: Observer, if there is one.
        inputs: Control of the board's inputs, if there is one.
        reopen: Opens the port anew, by whatever name it has now, after it was lost.
        network: The rig's own Wi-Fi for the board, if it brings one: name and password.
        time_scale: How many times as fast the board's time passes while its programs wait; 1 for a
            real board.
    """

    link: Link
    kind: str
    port: str
    lines: Lines | None = None
    power: Power | None = None
    bench: Bench | None = None
    inputs: Inputs | None = None
    reopen: Callable[[Deadline], None] | None = None
    network: tuple[str, str] | None = field(default=None, repr=False)
    time_scale: int = 1

    def capabilities(self) -> frozenset[str]:
        """Return the names of the optional parts that are there."""
        parts = {
            "lines": self.lines,
            "power": self.power,
            "bench": self.bench,
            "inputs": self.inputs,
            "network": self.network,
        }
        return frozenset(name for name, part in parts.items() if part is not None)
