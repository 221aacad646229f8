"""What `hil doctor` finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: What it is.
        state: ``ok``, ``bad`` (runs need it) or ``note``.
        detail: What was found.
        advice: The next command to type; empty when nothing has to be done.
    """

    what: str
    state: str
    detail: str
    advice: str = ""
