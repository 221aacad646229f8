"""Leases: on one host a board has one user at a time.

A lease is a `flock` on a file that is named after the board, so the system gives it back when its
holder dies, however it dies. The file says who holds it; that is worth reading only while it is
locked. Whoever waits holds a ticket of the same kind: those that live, in order of their
numbers, are the queue.

All users of a machine share the folder, as they share the boards.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import re
import stat
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.deadline import Deadline
from harness.errors import ConfigError, LeaseBusy
from harness.lab.lock_file import lock, remove, try_lock
from harness.link.holder import without_passwords

#: `flock` has no time-out, and a thread that waits in it cannot be called off: it is asked again.
LOOK_S = 0.1

#: On Linux a folder in memory that every user may write to; a reboot empties it.
_FOLDERS = (Path("/run/lock"), Path("/tmp"))  # noqa: S108 (sticky; names are checked, see `lock_file`)

#: Whoever only looks who holds a lease locks it for some microseconds: that is no holder.
GLANCE_S = 0.25

_SHARED_FOLDER = 0o1777


def lease_folder() -> Path:
    """Return the folder of this machine's leases; it may not be there yet."""
    root = next(each for each in _FOLDERS if each.is_dir() and os.access(each, os.W_OK))
    return root / "codey-hil"


@dataclass(frozen=True)
class LeaseTerms:
    """On what terms boards are taken.

    Attributes:
        job: What the boards are wanted for, for those who find them taken: a command, a CI job.
        wait_s: For how long to wait for a board that is taken.
        tell: Is told in one line who holds it and how many wait before us, at each change.
        folder: Where leases lie; None for this machine's.
    """

    job: str = ""
    wait_s: float = 0.0
    tell: Callable[[str], None] = field(default=lambda _: None)
    folder: Path | None = None


@dataclass(frozen=True)
class LeaseHolder:
    """Who holds a board, as it said itself.

    Attributes:
        user: Login name.
        pid: Process.
        job: What for.
        since_s: Since when, in seconds of the time of day.
    """

    user: str = "?"
    pid: int = 0
    job: str = ""
    since_s: float = 0.0

    def __str__(self) -> str:
        """Return all of it in one line."""
        age_s = max(0, int(time.time() - self.since_s))
        age = f"{age_s} s" if age_s < 120 else f"{age_s // 60} min"  # noqa: PLR2004 (readable)
        return f"{self.user}, pid {self.pid}, for {age}: {self.job or 'no job named'}"


class Lease:
    """A board that is ours until `release`, or until this process ends."""

    def __init__(self, descriptor: int, path: Path) -> None:
        """Made by `take_lease`."""
        self._descriptor: int | None = descriptor
        self._path = path

    def release(self) -> None:
        """Give it back. May be called twice."""
        if self._descriptor is None:
            return
        # While it is locked nobody else can have taken this very file.
        remove(self._path)
        os.close(self._descriptor)
        self._descriptor = None


def lease_name(key: str) -> str:
    """Return a board's key as it is in file names."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", key).strip("-")


def take_lease(key: str, terms: LeaseTerms, name: str = "") -> Lease:
    """Take a board.

    Args:
        key: What the board is known by on this machine, such as its port's path.
        terms: How.
        name: What messages call it; the key without one.

    Raises:
        LeaseBusy: Somebody else holds it, or was there before us; the message says who.
        ConfigError: The folder of leases cannot be used.
    """
    folder = _shared_folder(terms.folder or lease_folder())
    path = folder / f"{lease_name(key)}.lease"
    deadline = Deadline.after(max(terms.wait_s, GLANCE_S))
    ticket = _Ticket(path) if terms.wait_s > 0 else None
    told = ""
    try:
        while True:
            before = _waiting(path) if ticket is None else ticket.before()
            descriptor = None if before else try_lock(path)
            if descriptor is not None:
                _write(descriptor, terms.job)
                return Lease(descriptor, path)
            holder = read_holder(path)
            said = f"{name or key} is held by {holder or 'somebody who waited before'}"
            if deadline.is_expired:
                raise _busy(name or key, holder, before, terms)
            if ticket is not None and (said := f"{said}; place {before + 1} in the queue") != told:
                terms.tell(said)
                told = said
            threading.Event().wait(min(LOOK_S, deadline.remaining_s))
    finally:
        if ticket is not None:
            ticket.drop()


def read_holder(path: Path) -> LeaseHolder | None:
    """Return who holds a lease; None when nobody does: what one that died left is removed then."""
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if not lock(descriptor):
                return _read(descriptor)
            remove(path)
        finally:
            os.close(descriptor)
    return None


def list_leases(folder: Path | None = None) -> dict[str, LeaseHolder]:
    """Return all leases of this machine that are held, by the board's key in file names."""
    found = {}
    for path in sorted((folder or lease_folder()).glob("*.lease")):
        holder = read_holder(path)
        if holder is not None:
            found[path.stem] = holder
    return found


class _Ticket:
    """A place in the queue for a board."""

    def __init__(self, lease: Path) -> None:
        self._lease = lease
        # The clock is the machine's: all processes read the same one.
        self._path = lease.with_name(f"{lease.name}.{time.monotonic_ns():020}-{os.getpid()}")
        # Somebody who looks for dead tickets may have taken ours for one while it was made.
        while (descriptor := try_lock(self._path)) is None:
            pass
        self._descriptor = descriptor

    def before(self) -> int:
        """Return how many live tickets are older."""
        return _waiting(self._lease, self._path.name)

    def drop(self) -> None:
        remove(self._path)
        os.close(self._descriptor)


def _waiting(lease: Path, until: str = "~") -> int:
    """Count the tickets of those who live; what others left is removed."""
    count = 0
    for path in lease.parent.glob(f"{lease.name}.*"):
        if path.name >= until:
            continue
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if lock(descriptor):
                    remove(path)
                else:
                    count += 1
            finally:
                os.close(descriptor)
    return count


def _write(descriptor: int, job: str) -> None:
    said = {"user": _user_name(), "pid": os.getpid(), "job": job, "since_s": time.time()}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(said).encode(), 0)


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


def _read(descriptor: int) -> LeaseHolder:
    try:
        said = json.loads(os.pread(descriptor, 4096, 0))
        return LeaseHolder(
            str(said["user"]), int(said["pid"]), str(said["job"]), float(said["since_s"])
        )
    except (ValueError, KeyError, TypeError):
        # Its holder is just about to write, or somebody else wrote into it.
        return LeaseHolder()


def _shared_folder(folder: Path) -> Path:
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=_SHARED_FOLDER)
        folder.chmod(_SHARED_FOLDER)
    if not stat.S_ISDIR(folder.lstat().st_mode) or not os.access(folder, os.W_OK):
        raise ConfigError(
            "the folder of leases cannot be used",
            on=str(folder),
            expected="a folder that every user of this machine may write to",
            advice=f"sudo chmod 1777 {folder}",
        )
    return folder


def _busy(name: str, holder: LeaseHolder | None, before: int, terms: LeaseTerms) -> LeaseBusy:
    waited = f" for {terms.wait_s:g} s" if terms.wait_s else ""
    queue = f"; {before} wait for it" if before else ""
    return LeaseBusy(
        f"another run holds the board{waited}",
        on=name,
        expected="a free board",
        got=f"{holder or 'somebody who waited before'}{queue}",
        advice="--hil-lock-wait SECONDS waits for it; hil boards list shows who holds what",
    )


def job_name(environment: dict[str, str]) -> str:
    """Return what this process is at work on: a CI job's address or its command.

    Args:
        environment: Of the process.
    """
    urls = (environment.get(name, "") for name in ("CI_JOB_URL", "BUILD_URL", "HIL_JOB"))
    command = without_passwords(" ".join([Path(sys.argv[0]).name, *sys.argv[1:]]))
    return next((url for url in urls if url), "") or command[:200]
