"""What a raw REPL says and where a conversation with it stands; see `raw_repl`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class State(Enum):
    """Where the conversation stands; the picture is in the module's docstring."""

    FRIENDLY = auto()
    ENTERING = auto()
    READY = auto()
    PROBING = auto()
    WINDOW = auto()
    PASTING = auto()
    PASTED = auto()
    PLAIN = auto()
    STDOUT = auto()
    STDERR = auto()
    PROMPT = auto()
    EXITED = auto()
    REBOOTING = auto()
    LEAVING = auto()


@dataclass(frozen=True)
class Entered:
    """The board is at the raw prompt."""


@dataclass(frozen=True)
class Left:
    """The board is at the friendly prompt."""


@dataclass(frozen=True)
class Rebooted:
    """A soft reset has ended at the raw prompt."""


@dataclass(frozen=True)
class Accepted:
    """The whole source has arrived and is being run; `paste` tells by which way."""

    paste: bool


@dataclass(frozen=True)
class Output:
    """Bytes that the running code printed."""

    data: bytes


@dataclass(frozen=True)
class Noise:
    """Bytes that came while nothing was run: boot messages, a timer's print, an echo."""

    data: bytes


@dataclass(frozen=True)
class Completed:
    """The code has ended; `error` is its traceback, empty when it raised nothing."""

    error: bytes


Event = Entered | Left | Rebooted | Accepted | Output | Noise | Completed
