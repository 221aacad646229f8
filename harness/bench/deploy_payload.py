"""What is pushed in `hil bench deploy`.

Source is the text of the standard library's `contextlib`: written by people, at hand wherever this
runs, and at the repetitive end of what people write. Its first 20 kB deflate to 25 % and its first
2 kB to 30 %; the median of the standard library's modules is 31 %, our own device code's 34 %, and
the latter is a row of its own.
"""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

SEED = 38


def random_bytes(size: int) -> bytes:
    """Return bytes that no compression makes smaller, the same in every run."""
    return random.Random(SEED).randbytes(size)  # noqa: S311, test data


def source_text(size: int, start: int = 0) -> bytes:
    """Return `size` bytes of source from the byte `start` on; at its end it begins again."""
    text = Path(contextlib.__file__).read_bytes()
    return (text * (1 + (start + size) // len(text)))[start : start + size]
