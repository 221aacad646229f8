"""A board's traceback, as text from the raw REPL, into a `DeviceException`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.errors import DeviceException, DeviceFrame

_FRAME = re.compile(r'^\s+File "([^"]*)", line ([0-9]{1,9})(?:, in (.*))?$')


def parse_traceback(
    error: bytes,
    *,
    output: bytes = b"",
    on: str = "",
    places: Mapping[str, str] | None = None,
) -> DeviceException:
    """Return the exception that a board reported.

    Args:
        error: What came between the two 04 bytes; UTF-8, any line ends.
        output: What the code had printed before.
        on: The board's name.
        places: Path on the board -> path in the repository, for files that were pushed.

    Source: MicroPython `py/obj.c`, `mp_obj_print_exception`.
    """
    lines = error.decode("utf-8", "replace").replace("\r\n", "\n").strip("\r\n").split("\n")
    if lines[0].startswith("Traceback"):
        del lines[0]
    frames = []
    while lines and (match := _FRAME.match(lines[0])):
        path, number, function = match.groups()
        shown = (places or {}).get(path, path)
        frames.append(DeviceFrame(shown, int(number), function or "<module>"))
        del lines[0]
    # The text of an exception may hold line ends and look like anything: all that is left is its.
    said = "\n".join(lines)
    type_name, _, message = said.partition(":")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", type_name.strip()):
        type_name, message = "Exception", said
    return DeviceException(type_name.strip(), message.strip(), tuple(frames), output=output, on=on)
