"""Taking secrets out of everything that is written down.

A secret can hide in three ways: inside a longer text, escaped (a Python or JSON literal of it), and
cut in two, since a serial line carries a program in windows of 32 to 256 bytes. The first two are
patterns; for the third the end of a stream is held back while it could be the start of a secret.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

#: What stands in the place of a secret.
MASK = "***"
#: How many characters of a secret may show when a stream ends in the middle of it: so few are
#: nearly always not a secret at all, and they tell little when they are.
PREFIX_KEPT = 3


def _spellings(secret: str) -> set[str]:
    """Return the secret as it stands in plain text, in a Python and in a JSON literal."""
    return {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1]}


class Redactor:
    """Replaces known secrets by `MASK`, in text, in bytes and across the chunks of a stream."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Learn the secrets that are known from the start; empty ones are ignored."""
        self._known: set[str] = set()
        self._text: re.Pattern[str] | None = None
        self._data: re.Pattern[bytes] | None = None
        self._spelled: tuple[bytes, ...] = ()
        self._held: dict[Hashable, bytes] = {}
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Learn one more secret; what was written before is not changed."""
        if not secret:
            return
        self._known |= _spellings(secret)
        longest_first = sorted(self._known, key=lambda text: (-len(text), text))
        self._spelled = tuple(text.encode() for text in longest_first)
        self._text = re.compile("|".join(re.escape(text) for text in longest_first))
        self._data = re.compile(b"|".join(re.escape(data) for data in self._spelled))

    def text(self, text: str) -> str:
        """Return `text` without secrets."""
        return text if self._text is None else self._text.sub(MASK, text)

    def data(self, data: bytes) -> bytes:
        """Return `data` without secrets."""
        return data if self._data is None else self._data.sub(MASK.encode(), data)

    def stream(self, key: Hashable, data: bytes) -> bytes:
        """Return what of a stream may be written now.

        Args:
            key: Names the stream, such as a board and a direction.
            data: The next chunk of it.

        Returns:
            What was held back before and this chunk, without secrets, and without the end that
            could be the start of one; that comes with the next call or with `drain`.
        """
        if self._data is None:
            return data
        clean = self.data(self._held.pop(key, b"") + data)
        held = self._possible_start(clean)
        if held:
            self._held[key] = clean[-held:]
            return clean[:-held]
        return clean

    def drain(self) -> list[tuple[Hashable, bytes]]:
        """Return what is held back of each stream, masked where it is long enough to tell."""
        held, self._held = self._held, {}
        mask = MASK.encode()
        return [(key, data if len(data) <= PREFIX_KEPT else mask) for key, data in held.items()]

    def _possible_start(self, data: bytes) -> int:
        """Return how many bytes at the end of `data` could be the start of a secret."""
        return max(
            (
                length
                for secret in self._spelled
                for length in range(1, min(len(secret), len(data) + 1))
                if data.endswith(secret[:length])
            ),
            default=0,
        )
