"""Which port a virtual board has now, by its chip: what a place on USB is for a real one."""

from __future__ import annotations

import contextlib

from harness.deadline import Deadline
from harness.errors import LinkError
from harness.link.virtual import VirtualControl
from harness.virtual.place import control_folder

#: A supervisor answers within milliseconds; one that is stopped must not keep a command waiting.
ANSWER_S = 0.5


def find_virtual_ports(chip: str) -> list[str]:
    """Return the paths of the ports of this user's virtual boards with a chip; none is opened.

    Args:
        chip: `machine.unique_id()` in hex. Boards that were given one may well share it.
    """
    found = []
    for path in sorted(control_folder().glob("*.sock")):
        try:
            control = VirtualControl(path, Deadline.after(ANSWER_S))
        except LinkError:
            # What a killed board has left, or a board that is ending: neither has a port.
            continue
        with contextlib.closing(control):
            if control.identity["id"] == chip and control.identity["port"]:
                found.append(str(control.identity["port"]))
    return found
