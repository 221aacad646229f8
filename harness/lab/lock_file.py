"""Files that every user of a machine may lock, in a sticky folder; a lock ends with its holder."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from pathlib import Path

from harness.errors import ConfigError

_SHARED_FILE = 0o666


def try_lock(path: Path) -> int | None:
    """Return a descriptor of the locked file; None when somebody else has locked it."""
    while True:
        descriptor = _open(path)
        if not lock(descriptor):
            os.close(descriptor)
            return None
        # Its holder may have removed it between our opening and our locking.
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        os.close(descriptor)


def _open(path: Path) -> int:
    """Open or make a file that every user may lock."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        while True:
            # Linux may refuse O_CREAT on what another user owns in a sticky folder.
            with contextlib.suppress(FileNotFoundError):
                return os.open(path, flags)
            with contextlib.suppress(FileExistsError):
                descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, _SHARED_FILE)
                os.fchmod(descriptor, _SHARED_FILE)
                return descriptor
    except OSError as error:
        raise ConfigError(
            "the lease of a board cannot be opened",
            on=str(path),
            got=error.strerror or str(error),
            advice=f"remove {path}",
        ) from error


def lock(descriptor: int) -> bool:
    """Lock an open file at once; return False when somebody else has it locked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True


def remove(path: Path) -> None:
    """Remove a file of which we hold the lock."""
    # In a sticky folder only its owner may; another user's empty file does no harm.
    with contextlib.suppress(OSError):
        path.unlink()
