"""One line of a bench's table."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """A figure, beside its peers and its limit.

    Attributes:
        what: What was measured.
        ours: Our value.
        unit: Of all values in the row.
        limit: In words, such as ``<= 5``; empty for a figure without one.
        ok: Whether the limit is met; True without one.
        peers: Values of others, measured in the same run.
    """

    what: str
    ours: float
    unit: str
    limit: str = ""
    ok: bool = True
    peers: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the JSON shape of a row; docs/interface.md, "JSON"."""
        return {
            "what": self.what,
            "ours": round(self.ours, 4),
            "peers": {name: round(value, 4) for name, value in self.peers.items()},
            "unit": self.unit,
            "limit": self.limit,
            "ok": self.ok,
        }


def at_most(what: str, ours: float, unit: str, limit: float, **peers: float) -> Row:
    """Return a row whose value must not be above a limit."""
    return Row(what, ours, unit, f"<= {limit:g}", ours <= limit, peers)


def at_least(what: str, ours: float, unit: str, limit: float, **peers: float) -> Row:
    """Return a row whose value must not be below a limit."""
    return Row(what, ours, unit, f">= {limit:g}", ours >= limit, peers)


def host() -> dict[str, Any]:
    """Return what machine this is: figures of two machines cannot be compared."""
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }
