"""One step of set-up: say it, run a program for it, keep others from doing it at the same time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EXIT_INTERRUPTED = 2
EXIT_USAGE = 4
EXIT_BLOCKED = 10

#: A step downloads 20 MB at most; a line that needs longer for it is not alive.
STEP_TIMEOUT_S = 900


class SetUpError(Exception):
    """Set-up cannot go on; the text is one line and says what to type."""

    def __init__(self, text: str, exit_code: int = EXIT_BLOCKED) -> None:
        """Keep the line and the exit code that goes with it."""
        super().__init__(text)
        self.exit_code = exit_code


class WayClosedError(Exception):
    """One way to get something does not work here; there may be another."""


def say(text: str) -> None:
    """Tell on standard error what is being done; standard output belongs to the command."""
    print(f"hil: {text}", file=sys.stderr, flush=True)


def run(
    command: list[str], *, folder: Path | None = None, environ: dict[str, str] | None = None
) -> tuple[int, str]:
    """Run a program to its end, without input.

    Args:
        command: Program and arguments.
        folder: Its working folder, ours when None.
        environ: Variables to set besides ours.

    Returns:
        Its exit status, and what it printed on both of its outputs.

    Raises:
        WayClosedError: When it did not end within `STEP_TIMEOUT_S`.
    """
    import subprocess

    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **(environ or {})},
            close_fds=False,  # keeps the lock, see `locked`; other files are not inheritable
            timeout=STEP_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise WayClosedError(f"{command[0]} did not end within {STEP_TIMEOUT_S} s") from error
    return done.returncode, done.stdout.decode(errors="replace")


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold a lock between processes; the programs that `run` starts hold it too.

    So when a launcher is killed, the lock lasts until the pip that it had started has ended, and
    the next start never works in the same folder at the same time.

    Args:
        path: The lock's file; it is left behind, empty.
        what: What is locked, for the message of the one who waits.
    """
    import fcntl

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another start is at work on {what}; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        os.set_inheritable(lock, True)
        yield
    finally:
        os.close(lock)


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give an empty folder that takes the place of `folder` when the block ends without error.

    The caller holds the lock of the folder above. What a killed start has left is removed.
    """
    import shutil

    fresh = folder.with_name(".unfinished")
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(parents=True)
    try:
        yield fresh
        if folder.exists():
            shutil.rmtree(folder)
        fresh.rename(folder)
    finally:
        if fresh.exists():
            shutil.rmtree(fresh)
