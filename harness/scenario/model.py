"""A scenario as data: what to do, what to see, by when, for which requirement."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.scenario.claim import Claim
from harness.scenario.matcher import Matcher


@dataclass(frozen=True)
class Start:
    """Start a program on the board, in a fresh interpreter."""

    program: Path | str

    @property
    def says(self) -> str:
        """What the step does, in words."""
        return f"start {self.program.name if isinstance(self.program, Path) else 'a program'}"


@dataclass(frozen=True)
class Stop:
    """End the running program with Ctrl-C."""

    says: str = "stop the program"


@dataclass(frozen=True)
class Publish:
    """Publish a message from the host."""

    topic: str
    payload: bytes | str
    qos: int = 0
    retain: bool = False

    @property
    def says(self) -> str:
        """What the step does, in words."""
        return f"publish {self.payload!r} to {self.topic}"


@dataclass(frozen=True)
class SetInput:
    """Change one of the board's inputs from outside."""

    name: str
    value: float | bool | str

    @property
    def says(self) -> str:
        """What the step does, in words."""
        return f"set {self.name} to {self.value}"


Step = Start | Stop | Publish | SetInput


@dataclass(frozen=True)
class Shows:
    """The panel or the LED meets a matcher."""

    matcher: Matcher
    within_s: float = 2.0

    @property
    def says(self) -> str:
        """What is expected, in words."""
        return self.matcher.says


@dataclass(frozen=True)
class Watches:
    """What is claimed of the panel or the LED over time, is so."""

    claim: Claim

    @property
    def says(self) -> str:
        """What is expected, in words."""
        return self.claim.says


@dataclass(frozen=True)
class Receives:
    """A message of the board reaches the broker. The scenario subscribes before it starts."""

    topic: str
    payload: bytes | str | None = None
    qos: int | None = None
    within_s: float = 5.0

    @property
    def says(self) -> str:
        """What is expected, in words."""
        return f"message on {self.topic}"


@dataclass(frozen=True)
class Prints:
    """The program prints a text."""

    text: str
    within_s: float = 5.0

    @property
    def says(self) -> str:
        """What is expected, in words."""
        return f"output {self.text!r}"


@dataclass(frozen=True)
class Marks:
    """The probe reports an effect: a record of this kind with these fields."""

    kind: str
    fields: tuple[tuple[str, object], ...] = ()
    within_s: float = 5.0

    @property
    def says(self) -> str:
        """What is expected, in words."""
        return f"record {self.kind}"


@dataclass(frozen=True)
class Ends:
    """The program ends, raising this exception; None for no exception."""

    raises: str | None
    within_s: float = 15.0

    @property
    def says(self) -> str:
        """What is expected, in words."""
        return f"the end, raising {self.raises}" if self.raises else "the end"


Expectation = Shows | Watches | Receives | Prints | Marks | Ends


@dataclass(frozen=True)
class Scenario:
    """Steps and expectations, in order.

    Attributes:
        name: What it is called in the evidence.
        items: What to do and what to see.
    """

    name: str
    items: tuple[Step | Expectation, ...]
