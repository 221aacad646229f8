"""A file that is there whole or not at all, whoever reads it meanwhile."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a file in one move.

    Args:
        path: Where; what is there stays until the new one is complete.
        text: What.

    Raises:
        OSError: It cannot be written; nothing has changed then.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
