"""What is known about a kind of board, and what nobody has verified on one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BoardProfile:
    """A kind of board.

    Attributes:
        name: What reports call it.
        baud: Speed of its console.
        heap_bytes: Heap that its firmware leaves to programs.
        columns: Width of its panel.
        rows: Height of its panel.
        dtr: Level of DTR while the port is open; None leaves it alone.
        rts: Level of RTS while the port is open; None leaves it alone.
        has_reset_line: Whether DTR/RTS may be used to reset it.
        capabilities: What it has: tests name them in ``needs``.
        unverified: What is known from documents only, one sentence each; in every report on
            hardware.
    """

    name: str
    baud: int
    heap_bytes: int
    columns: int
    rows: int
    dtr: bool | None
    rts: bool | None
    has_reset_line: bool
    capabilities: frozenset[str]
    unverified: tuple[str, ...]


CODEY = BoardProfile(
    name="codey",
    baud=115200,
    heap_bytes=70 * 1024,
    columns=16,
    rows=8,
    dtr=False,
    rts=False,
    has_reset_line=False,
    capabilities=frozenset(
        {
            "display",
            "led",
            "wifi",
            "mqtt",
            "button",
            "sensor",
            "motion",
            "speaker",
            "ir",
            "event",
        }
    ),
    unverified=(
        "stock MicroPython with this codey package has not been run on a Codey Rocky",
        "pins, PWM polarity and panel bus are from published firmware, not from a measurement",
        "the motion sensor's axes, the battery's divider and the infrared pins are assumed",
        "what DTR and RTS do on the board's USB-serial circuit is unknown: reset by them is off",
    ),
)
