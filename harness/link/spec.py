"""Board specifications, as they are typed after ``--board``.

Source: docs/interface.md, "Board specifications".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from harness.errors import ConfigError

FORMS = (
    "virtual, virtual:N, port:PATH, usb:1-1.2, id:SERIAL, rfc2217://host:port, socket://host:port"
)

MAX_VIRTUAL = 64


@dataclass(frozen=True)
class BoardSpec:
    """One board that was asked for.

    Attributes:
        kind: ``virtual``, ``port``, ``usb``, ``id`` or ``url``.
        value: What follows: a path, a USB location, a serial number or an address; for
            ``virtual`` the board's number from 1, as text.
        text: How it was typed.
    """

    kind: str
    value: str
    text: str

    @property
    def is_made(self) -> bool:
        """Whether the board is made for whoever asks, so that nobody else can hold it."""
        return self.kind == "virtual"

    @property
    def name(self) -> str:
        """A short name for reports and file names."""
        if self.kind == "virtual":
            return f"virtual-{self.value}"
        return re.sub(r"[^A-Za-z0-9.-]+", "-", self.value).strip("-")


def parse_specs(text: str) -> list[BoardSpec]:
    """Return the boards that a specification names.

    Args:
        text: One or more forms, separated by commas.

    Returns:
        At least one; ``virtual:N`` gives N.

    Raises:
        ConfigError: A form is unknown; the message lists those that exist.
    """
    specs: list[BoardSpec] = []
    for part in text.split(","):
        specs += parse_part(part, specs)
    for number, spec in enumerate(specs):
        if spec in specs[:number]:
            raise ConfigError(
                "the board is named twice", on=f"board {spec.text!r}", expected="each board once"
            )
    return specs


def parse_part(text: str, before: Iterable[BoardSpec] = ()) -> list[BoardSpec]:
    """Return the boards that one form names, of a specification without commas.

    Args:
        text: One form.
        before: The boards that were named before it; virtual boards are numbered on from there.

    Raises:
        ConfigError: The form is unknown.
    """
    part = text.strip()
    count = _virtual_count(part)
    if not count:
        return [_parse_one(part)]
    first = 1 + sum(spec.kind == "virtual" for spec in before)
    return [BoardSpec("virtual", str(first + i), part) for i in range(count)]


def is_form(text: str) -> bool:
    """Return whether a text is meant as one of the forms, right or wrong, and not as a name."""
    return text == "virtual" or ":" in text or text.startswith("/dev/")


def _virtual_count(part: str) -> int:
    if part == "virtual":
        return 1
    if not part.startswith("virtual:"):
        return 0
    number = part.removeprefix("virtual:")
    if not re.fullmatch(r"[0-9]{1,4}", number) or not 1 <= int(number) <= MAX_VIRTUAL:
        raise ConfigError(
            "the number of virtual boards is no number from 1",
            on=f"board {part!r}",
            expected=f"virtual:N with N from 1 to {MAX_VIRTUAL}",
            advice="--board virtual:2",
        )
    return int(number)


def _parse_one(part: str) -> BoardSpec:
    if part.startswith(("rfc2217://", "socket://")):
        if not re.fullmatch(r"[a-z0-9]+://(\[[0-9A-Fa-f:.]+\]|[^/?:@]+):\d+([/?].*)?", part):
            raise ConfigError(
                "the address of the port is not complete",
                on=f"board {part!r}",
                expected="scheme://host:port",
                advice="--board rfc2217://lab-host:2217",
            )
        return BoardSpec("url", part, part)
    kind, colon, value = part.partition(":")
    if colon and value and kind in ("port", "usb", "id"):
        return BoardSpec(kind, value, part)
    if part.startswith("/dev/"):
        return BoardSpec("port", part, part)
    raise ConfigError(
        "unknown board",
        on=f"board {part!r}",
        expected=FORMS,
        advice="hil boards lists what is attached; --board virtual needs nothing",
    )
