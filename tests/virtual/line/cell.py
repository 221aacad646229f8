"""The matrix: how each action ends on a board with each fault, and why.

An end is ``right``, or the type of the error; ``other`` is an answer that is not the right one. A
line that changes bytes ends an action in any of some ways: which one is chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.link.virtual import VirtualSettings

ACTIONS = ("connect", "exec", "push", "read", "run")
RIGHT = ("right",)
#: A lost or changed byte in what the harness asked, in what the board answered, or in between.
DAMAGED = ("right", "LinkTimeout", "RemoteProtocolError", "DeployError", "DeviceFileError")
#: The raw REPL has no check sum: other code than was sent may run, and what it prints is its own.
UNPROVEN = (*DAMAGED, "DeviceException", "other")
#: `hil run`: nothing of it can be the product's fault but what its tests say on such a line.
UNPROVEN_RUN = ("right", "blocked", "other")


@dataclass(frozen=True)
class Row:
    """One fault.

    Attributes:
        name: Its name in the table.
        fault: Its spelling; ``{seed}`` stands for the run's.
        ends: Action -> how it may end, and why.
        seconds: By when an action has ended; on a busy machine too.
        needs_reset: Whether taking the fault away is not enough to have a sound board.
        settings: What the board is made of.
    """

    name: str
    fault: str
    ends: dict[str, tuple[tuple[str, ...], str]]
    seconds: float = 20.0
    needs_reset: bool = False
    settings: VirtualSettings = field(default_factory=VirtualSettings)


def all_end(ends: tuple[str, ...], why: str) -> dict[str, tuple[tuple[str, ...], str]]:
    """Return the ends of a row in which all actions end alike."""
    return dict.fromkeys(ACTIONS, (ends, why))


#: Of a line that loses or changes bytes.
DAMAGING = {
    **all_end(DAMAGED, "each answer and each file carries proof; a wait is bounded"),
    "exec": (UNPROVEN, "the raw REPL has no check sum"),
    "run": (UNPROVEN_RUN, "the raw REPL has no check sum"),
}
SLOW = VirtualSettings(baud=115200, latency_ms=1.0, uart_bytes=260)

TABLE = (
    Row("slow-line", "", all_end(RIGHT, "flow control keeps within 260 bytes"), settings=SLOW),
    Row("boot-noise", "boot-noise=500,seed={seed}", all_end(RIGHT, "it comes before the prompt")),
    Row(
        "drop",
        "drop=0.0005,seed={seed}",
        DAMAGING,
        seconds=60.0,
    ),
    Row(
        "flip",
        "flip=0.0005,seed={seed}",
        DAMAGING,
        seconds=60.0,
    ),
    Row(
        "vanish",
        "vanish=600",
        {
            **all_end(("LinkLost",), "a command tells it at once and does not go on by itself"),
            "run": (RIGHT, "the ladder opens the port under its new name"),
        },
    ),
    Row(
        "hang",
        "hang=300",
        {
            **all_end(("LinkTimeout",), "a command resets no board that a person may be using"),
            "run": (RIGHT, "the ladder pulls the reset line"),
        },
        seconds=40.0,
        needs_reset=True,
    ),
    Row(
        "crash-loop",
        "crash-loop",
        {
            **all_end(("LinkTimeout",), "there is never a prompt"),
            "run": (("blocked",), "no rung of the ladder helps"),
        },
        seconds=40.0,
    ),
    Row("crash-twice", "crash-loop=2", all_end(RIGHT, "the third boot comes within a second")),
    Row("open-reset", "open-reset", all_end(RIGHT, "the prompt is asked for until it comes")),
    Row(
        "no-files",
        "no-files",
        {
            **all_end(RIGHT, "nothing of it needs a file"),
            "push": (("DeviceFileError",), "ENODEV, of the board"),
            "read": (("DeviceFileError",), "ENODEV, of the board"),
            "run": (("blocked",), "the device code has no place"),
        },
        needs_reset=True,
    ),
    Row("no-deflate", "no-deflate", all_end(RIGHT, "plain bytes"), needs_reset=True),
    Row("no-hashlib", "no-hashlib", all_end(RIGHT, "files are read back"), needs_reset=True),
    Row("no-paste", "no-paste", all_end(RIGHT, "plain raw mode, paced"), needs_reset=True),
    Row(
        "free-heap",
        "free-heap=20",
        {
            **all_end(RIGHT, "what needs less heap takes over"),
            "run": (("blocked",), "the device code leaves no room for a test's own"),
        },
        needs_reset=True,
    ),
)


def cells() -> Iterator[tuple[Row, str]]:
    """Return all cells."""
    for row in TABLE:
        for action in ACTIONS:
            yield row, action
