"""A board's traceback, as text from the raw REPL, into a `DeviceException`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.errors import DeviceException, DeviceFrame

_FRAME = re.compile(r'^\s+File "([^"]*)", line (\d+)(?:, in (.*))?$')


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
    lines = [line.rstrip() for line in error.decode("utf-8", "replace").splitlines()]
    frames = []
    for line in lines:
        match = _FRAME.match(line)
        if match:
            path, number, function = match.groups()
            shown = (places or {}).get(path, path)
            frames.append(DeviceFrame(shown, int(number), function or "<module>"))
    rest = [line for line in lines if line and not _FRAME.match(line)]
    # The text of an exception may hold line ends: all from its first line on belongs to it.
    if rest and rest[0].startswith("Traceback"):
        rest = rest[1:]
    said = "\n".join(rest)
    type_name, colon, message = said.partition(":")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", type_name.strip()):
        type_name, message = "Exception", said
    return DeviceException(
        type_name.strip(), message.strip() if colon else "", tuple(frames), output=output, on=on
    )
