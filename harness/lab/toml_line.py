"""In which line of a TOML text a key stands: the parsers tell it for broken syntax only."""

from __future__ import annotations

import re

_HEADER = re.compile(r"^\s*\[\[?\s*(?P<path>[^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*(?P<path>[A-Za-z0-9_\-.\"' ]+?)\s*=")


def line_of(text: str, path: tuple[str, ...]) -> int:
    """Return the line, from 1, of a key or of the table that holds it.

    Args:
        text: The whole file.
        path: The key with its tables, such as ``("boards", "c1", "port")``.

    Returns:
        The line of the key itself, where it is not to be found that of the nearest table around it,
        and 1 where there is not even that. A line inside a multi-line string that looks like a key
        may be taken for one: this is for messages.
    """
    best, best_depth = 1, 0
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _split(header["path"])
            found = table
        elif key := _KEY.match(line):
            found = table + _split(key["path"])
        else:
            continue
        depth = len(found) if found == path[: len(found)] else 0
        if found[: len(path)] == path:
            # `[boards.c1.power]` and `boards.c1.port = ...` say too where `boards.c1` begins.
            depth = len(path)
        if depth > best_depth:
            best, best_depth = number, depth
    return best


def _split(path: str) -> tuple[str, ...]:
    parts = re.findall(r"\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9_-]+)", path)
    return tuple(next(part for part in found if part) if any(found) else "" for found in parts)
