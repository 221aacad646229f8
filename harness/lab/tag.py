"""Tag expressions: ``wifi and not (slow or old)``.

The grammar is that of pytest's ``-m``: names, ``and``, ``or``, ``not`` and parentheses. A name
holds letters, digits, ``_``, ``.`` and ``-``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet

from harness.errors import ConfigError

TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_WORDS = ("and", "or", "not")

Matches = Callable[[AbstractSet[str]], bool]


def is_tag(text: str) -> bool:
    """Return whether a text can stand for a tag."""
    return re.fullmatch(TAG, text) is not None and text not in _WORDS


def parse_tags(text: str) -> Matches:
    """Return a function that tells whether a set of tags satisfies an expression.

    Raises:
        ConfigError: It is no expression.
    """
    return _Parser(text).parse()


class _Parser:
    """Recursive descent, one method for each level of binding."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = re.findall(rf"{TAG}|\S", text)

    def parse(self) -> Matches:
        found = self._any_of()
        if self._tokens:
            raise self._wrong(f"{self._tokens[0]!r} where the expression could end")
        return found

    def _any_of(self) -> Matches:
        parts = [self._all_of()]
        while self._take("or"):
            parts.append(self._all_of())
        return lambda tags: any(part(tags) for part in parts)

    def _all_of(self) -> Matches:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return lambda tags: all(part(tags) for part in parts)

    def _one(self) -> Matches:
        if self._take("not"):
            part = self._one()
            return lambda tags: not part(tags)
        if self._take("("):
            part = self._any_of()
            if not self._take(")"):
                raise self._wrong("no closing parenthesis")
            return part
        if not self._tokens or not is_tag(self._tokens[0]):
            raise self._wrong(repr(self._tokens[0]) if self._tokens else "its end")
        name = self._tokens.pop(0)
        return lambda tags: name in tags

    def _take(self, token: str) -> bool:
        if self._tokens[:1] != [token]:
            return False
        self._tokens.pop(0)
        return True

    def _wrong(self, got: str) -> ConfigError:
        return ConfigError(
            "the tag expression cannot be read",
            on=f"tag:{self._text}",
            expected="tags joined by and, or, not and parentheses",
            got=got,
            advice="--board 'tag:wifi and not slow'",
        )
