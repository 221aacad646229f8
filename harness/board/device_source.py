"""The text of the harness's own code for the board, as it is sent.

The code lies in `device_code/` as files. It runs in a namespace of its own, so that nothing of it
stays behind among the names of the user's programs, and none of those is in its way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, cached_property
from importlib import resources

from harness.board.compact import compact, shared_names

_HOLE = re.compile(r"\bHIL_[A-Z]+\b")


@cache
def device_code(name: str) -> str:
    """Return the text of a file of `device_code/`, made short for the line."""
    return compact(_text(name))


class DeviceProgram:
    """Files of `device_code/` that make one program, so that the names they share are short too."""

    def __init__(self, *parts: str) -> None:
        """Name all the files that may be part of it."""
        self._parts = parts

    @cached_property
    def names(self) -> dict[str, str]:
        """Each shared name -> what it is on the board."""
        return shared_names(map(_text, self._parts))

    def code(self, *parts: str) -> str:
        """Return the text of some of its files, made short for the line."""
        return "".join(map(self._code, parts))

    @cache  # noqa: B019, there is one for each program, and it stays
    def _code(self, part: str) -> str:
        return compact(_text(part), self.names)


def _text(name: str) -> str:
    return (resources.files(__package__) / "device_code" / f"{name}.py").read_text("utf-8")


def fill(text: str, values: Mapping[str, object]) -> str:
    """Return device code with the names in capitals replaced.

    Args:
        text: Device code.
        values: Name without ``HIL_`` in small letters -> what stands there, by its `repr`; a
            `Code` stands as it is.
    """
    return _HOLE.sub(lambda match: repr(values[match[0][4:].lower()]), text)


class Code(str):
    """Text that is code already, for `fill`."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the text itself."""
        return str(self)


def isolated(source: str, names: Mapping[str, object] | None = None) -> str:
    """Return code that runs `source` in a namespace of its own, of which nothing stays behind.

    Args:
        source: The code.
        names: What it finds there.
    """
    return f"exec({_literal(source)},{names or {}!r})"


def proven(source: str) -> str:
    """Return `isolated` code that does not run unless all of it has come.

    The raw REPL has no check sum, and a word that the line has changed may make sense: a module's
    name that is another one's is a module that the firmware seems to lack. 47 bytes.
    """
    total = sum(source.rstrip("\n").encode())
    check = f"sum(s.encode())=={total} or 1/0\\nexec(s,{{}})"
    return f"exec('{check}',{{'s':{_literal(source)}}})"


def _literal(source: str) -> str:
    text = source.rstrip("\n").replace("\\", "\\\\").replace("'''", "\\'\\'\\'")
    return f"'''{text}'''"


def value_source(expression: str) -> str:
    """Return code that sends the value of an expression among the user's own names."""
    text = device_code("reply") + "reply(value)"
    # A comment at its end would take the bracket with it.
    end = "\n" if "#" in expression else ""
    return isolated(text)[:-3] + f"{{'value':({expression}{end})}})"
