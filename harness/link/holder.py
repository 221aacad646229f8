"""Who has a port open: the processes of this machine, as Linux tells in ``/proc``."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

_MAX_COMMAND_CHARS = 80


@dataclass(frozen=True)
class PortHolder:
    """A process that has a port open.

    Attributes:
        pid: Its number.
        command: What was typed, cut to 80 characters.
    """

    pid: int
    command: str

    def __str__(self) -> str:
        """Return both, for a message."""
        return f"pid {self.pid} ({self.command})"


def without_passwords(command: str) -> str:
    """Return a command line with ``***`` in the place of the passwords in its addresses.

    Whoever finds a board taken is shown what for, in reports too.
    """
    return re.sub(r"(://[^/@\s:]*):[^@\s]*@", r"\1:***@", command)


def find_holders(port_path: str) -> list[PortHolder]:
    """Return the other processes that have a port open.

    Args:
        port_path: Path of the port, or of a link to it.

    Returns:
        None of this process, and none that this user may not look at; always empty where there
        is no ``/proc``. Looking through 300 processes takes about 10 ms.
    """
    device = os.path.realpath(port_path)
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        if entry.name != str(os.getpid()) and _has_open(entry, device):
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
                command = without_passwords(b" ".join(words).decode(errors="replace"))
                command = command[:_MAX_COMMAND_CHARS]
                found.append(PortHolder(int(entry.name), command))
    return sorted(found, key=lambda holder: holder.pid)


def _has_open(process: Path, device: str) -> bool:
    try:
        # The process may end while we look, and may be somebody else's.
        return any(_target(each) == device for each in (process / "fd").iterdir())
    except OSError:
        return False


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:
        return ""
