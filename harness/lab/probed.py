"""`boards.probed.toml`: what was found out about the boards. Only programs write it.

It lies beside ``boards.toml``, so that people's file keeps what people wrote. Who answers on a port
is never taken from here: a record helps to find a port again and says what to expect, and the board
itself has to prove it.
"""

from __future__ import annotations

import contextlib
import fcntl
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from harness.errors import ConfigError
from harness.lab.whole_file import write_whole

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE_NAME = "boards.probed.toml"

#: For how long a board stays set aside before it is tried again; doubled with each time in a row.
PROBATION_S = 3600.0
MAX_PROBATION_S = 24 * 3600.0

_HEAD = "Written by hil: what was found on the boards of boards.toml. Edit that file, not this one."


@dataclass(frozen=True)
class Aside:
    """Why a board is not used.

    Attributes:
        reason: In one line.
        since: ISO time, UTC.
        until: From when on it is tried again.
        strikes: How many times in a row it was set aside.
        is_on_probation: Whether it has answered since, and is set aside for longer the next time.
    """

    reason: str
    since: str
    until: str
    strikes: int = 1
    is_on_probation: bool = False

    def is_over(self, now: datetime) -> bool:
        """Return whether the board may be tried again."""
        return self.is_on_probation or now >= datetime.fromisoformat(self.until)


@dataclass(frozen=True)
class Probed:
    """What was found out about one board.

    Attributes:
        id: `machine.unique_id()` in hex.
        firmware: Interpreter and version.
        machine: What the firmware says it runs on.
        location: Place of its port in the USB tree; empty when it is not on USB.
        serial_number: Of its USB adapter.
        image_sha256: Digest of the firmware image that the harness wrote last.
        seen: When it answered last, ISO time, UTC.
        aside: Why it is not used; None when it is.
        bench: Peripheral -> what a person saw of it: ``yes``, ``no`` or ``skipped``.
    """

    id: str = ""
    firmware: str = ""
    machine: str = ""
    location: str = ""
    serial_number: str = ""
    image_sha256: str = ""
    seen: str = ""
    aside: Aside | None = None
    bench: dict[str, str] = field(default_factory=dict)


def now_utc() -> datetime:
    """Return the time of day, in whole seconds."""
    return datetime.now(timezone.utc).replace(microsecond=0)


class ProbedFile:
    """The file, shared by all processes that use its inventory."""

    def __init__(self, inventory: Path | None) -> None:
        """Name it.

        Args:
            inventory: The ``boards.toml`` that it lies beside; None where there is none: then
                nothing is remembered.
        """
        self._inventory = inventory
        self.path = None if inventory is None else inventory.with_name(FILE_NAME)

    def read(self, name: str) -> Probed:
        """Return what is known of a board; all empty when it is unknown.

        Raises:
            ConfigError: The file cannot be read.
        """
        return self._load().get(name, Probed())

    def update(self, name: str, change: Callable[[Probed], Probed]) -> Probed:
        """Change what is known of a board, safe against other processes that do so too.

        Returns:
            What is known now.

        Raises:
            ConfigError: The file cannot be read or written.
        """
        if self.path is None:
            return change(Probed())
        with self._locked():
            known = self._load()
            known[name] = change(known.get(name, Probed()))
            self._store(known)
        return known[name]

    def set_aside(self, name: str, reason: str) -> Probed:
        """Take a board out of use until its probation, longer each time in a row."""

        def change(before: Probed) -> Probed:
            strikes = 1 + (before.aside.strikes if before.aside else 0)
            wait_s = min(PROBATION_S * 2 ** (strikes - 1), MAX_PROBATION_S)
            now = now_utc()
            until = (now + timedelta(seconds=wait_s)).isoformat()
            return replace(before, aside=Aside(reason, now.isoformat(), until, strikes))

        return self.update(name, change)

    def readmit(self, name: str) -> Probed:
        """Take a board into use again, as if nothing had been."""
        return self.update(name, lambda before: replace(before, aside=None))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        # The inventory itself is what is locked: no further file would have to lie about.
        with Path(str(self._inventory)).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _load(self) -> dict[str, Probed]:
        if self.path is None:
            return {}
        try:
            table = tomllib.loads(self.path.read_text(encoding="utf-8"))
            return {name: _read(values) for name, values in table.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise ConfigError(
                "what was found out about the boards cannot be read",
                on=str(self.path),
                expected="the file as hil wrote it",
                got=str(error),
                advice=f"remove {self.path}: it is made anew",
            ) from error

    def _store(self, known: dict[str, Probed]) -> None:
        import tomlkit

        document = tomlkit.document()
        document.add(tomlkit.comment(_HEAD))
        for name in sorted(known):
            values = {key: value for key, value in asdict(known[name]).items() if value}
            document.add(name, tomlkit.item(values))
        path = Path(str(self.path))
        try:
            write_whole(path, tomlkit.dumps(document))
        except OSError as error:
            raise ConfigError(
                "what was found out about the boards cannot be written",
                on=str(path),
                got=error.strerror or str(error),
                advice="make the inventory's folder writable for whoever runs tests",
            ) from error


def _read(values: dict[str, Any]) -> Probed:
    names = {each.name for each in fields(Probed)}
    # A later version may know more: this one goes on without it.
    known = {key: value for key, value in values.items() if key in names}
    if "aside" in known:
        known["aside"] = Aside(**known["aside"])
    return Probed(**known)
