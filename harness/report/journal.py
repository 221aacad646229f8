"""The journal of a run: one JSON object a line, appended as things happen.

All other outputs are rebuilt from it, so it is written first, by one `write` call of the operating
system for each line: a harness killed with SIGKILL loses nothing that happened before, and two
processes can append to one file. A write that fails never reaches the test that caused it: it is
counted, told by `Journal.failure`, and noted in the journal itself as soon as that works again.

Kinds and their fields are listed in ``reports/README.md``.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from harness.errors import ConfigError
from harness.report.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

#: One line of a journal, as read.
Entry = dict[str, Any]

#: Version of the kinds and fields; stands in `run.start`.
SCHEMA = 1


class Journal:
    """Appends what happens to a file, from any thread, without secrets, and never raises for it.

    Attributes:
        path: The file.
        failure: The first failure to write, or None. When it is set the evidence is incomplete.
        lost: How many entries could not be written.
    """

    def __init__(
        self,
        path: Path,
        secrets: Iterable[str] = (),
        *,
        started_at_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open or create the file; its folder is made too.

        Args:
            path: The file, normally ``reports/<run-id>/journal.jsonl``.
            secrets: Texts that are replaced by ``***`` wherever they occur.
            started_at_s: The run's start on `clock`, for a second process that appends to the same
                journal; now if it is not given.
            clock: Seconds of a clock that all processes of the machine share.

        Raises:
            ConfigError: The file cannot be created.
        """
        self.path = path
        self.failure: str | None = None
        self.lost = 0
        self._untold = 0
        self._torn = False
        self._redactor = Redactor(secrets)
        self._lock = threading.Lock()
        self._clock = clock
        self.started_at_s = clock() if started_at_s is None else started_at_s
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            self._file: int | None = os.open(path, flags, 0o644)
        except OSError as error:
            raise ConfigError(
                "the journal of the run cannot be created",
                on=str(path),
                expected="a folder that can be written",
                got=f"{error.strerror or error}",
                advice="free the disk or name another folder for reports",
            ) from error

    def add_secret(self, secret: str) -> None:
        """Replace `secret` too, in all that is written from now on."""
        with self._lock:
            self._redactor.add(secret)

    def write(
        self, kind: str, *, test: str | None = None, board: str | None = None, **fields: object
    ) -> None:
        """Append one entry, stamped with the seconds since the run's start.

        Args:
            kind: What happened; see ``reports/README.md``.
            test: Node id of the test it belongs to, if any.
            board: Name of the board it belongs to, if any.
            fields: The rest. Bytes become base64 text in ``data`` of a ``serial`` entry, and
                otherwise text if they are UTF-8 or else ``{"b64": ...}``. ``at_s`` is when it
                happened on the journal's clock, where that is known better than by now.
        """
        with self._lock:
            at_s = fields.pop("at_s", None)
            now_s = at_s if isinstance(at_s, float) else self._clock()
            if kind == "serial":
                self._write_serial(now_s, test, board, fields)
                return
            if kind in ("test.end", "run.end"):
                self._write_held(now_s)
            plain = {name: self._plain(value) for name, value in fields.items()}
            self._append(now_s, kind, test, board, plain)

    def close(self) -> None:
        """Write what is held back, bring the file to the disk and close it; may be called twice."""
        with self._lock:
            if self._file is None:
                return
            self._write_held(self._clock())
            try:
                os.fsync(self._file)
                os.close(self._file)
            except OSError as error:
                self._remember(error)
            self._file = None

    def _write_serial(
        self, now_s: float, test: str | None, board: str | None, fields: dict[str, object]
    ) -> None:
        """Write bytes of a serial line; a secret may be cut in two by its windows."""
        given = fields.get("data", b"")
        data = given if isinstance(given, bytes) else _from_base64(str(given))
        direction = fields.get("dir")
        data = self._redactor.stream((test, board, direction), data)
        if data:
            self._append(now_s, "serial", test, board, _serial_fields(direction, data))

    def _write_held(self, now_s: float) -> None:
        """Write the ends of the streams that were held back because of secrets."""
        for key, data in self._redactor.drain():
            test, board, direction = key if isinstance(key, tuple) else (None, None, None)
            self._append(now_s, "serial", test, board, _serial_fields(direction, data))

    def _plain(self, value: object) -> object:
        """Return `value` as what JSON can hold, without secrets."""
        if isinstance(value, dict) and set(value) == {"b64"}:
            value = _from_base64(str(value["b64"]))
        if isinstance(value, (bytes, bytearray)):
            return self._plain_data(bytes(value))
        if isinstance(value, dict):
            return {self._redactor.text(str(k)): self._plain(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._plain(item) for item in value]
        is_number = isinstance(value, (bool, int)) or (
            isinstance(value, float) and math.isfinite(value)
        )
        return value if value is None or is_number else self._redactor.text(str(value))

    def _plain_data(self, data: bytes) -> object:
        """Return bytes as text where they are, otherwise as base64."""
        clean = self._redactor.data(data)
        try:
            return clean.decode()
        except UnicodeDecodeError:
            return {"b64": base64.b64encode(clean).decode()}

    def _append(
        self,
        now_s: float,
        kind: str,
        test: str | None,
        board: str | None,
        fields: dict[str, object],
    ) -> None:
        """Append one line; a failure is remembered, not raised."""
        t = round(now_s - self.started_at_s, 6)
        if self._untold and self._put({"t": t, "kind": "journal.lost", "count": self._untold}):
            self._untold = 0
        name = self._redactor.text
        head = {
            "t": t,
            "kind": kind,
            "test": None if test is None else name(test),
            "board": None if board is None else name(board),
        }
        if not self._put({**head, **fields, "t": t}):
            self.lost += 1
            self._untold += 1

    def _put(self, entry: Entry) -> bool:
        """Write one line; return whether all of it was written."""
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        if self._torn:
            line = b"\n" + line
        try:
            if self._file is None:
                self._remember(OSError("written after the journal was closed"))
                return False
            written = os.write(self._file, line)
        except OSError as error:
            self._remember(error)
            return False
        self._torn = written < len(line)
        if self._torn:
            self._remember(OSError(f"only {written} of {len(line)} bytes were taken (disk full?)"))
        return not self._torn

    def _remember(self, error: OSError) -> None:
        if self.failure is None:
            self.failure = f"{self.path}: {error.strerror or error}"


def _serial_fields(direction: object, data: bytes) -> dict[str, object]:
    return {"dir": direction, "data": base64.b64encode(data).decode()}


def _from_base64(text: str) -> bytes:
    """Decode base64; what is none is kept as the text that it is."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text.encode()


def read_journal(path: Path) -> list[Entry]:
    """Read a journal, also one whose last line was cut when the power went.

    Args:
        path: The file.

    Returns:
        The entries in the order of the file. Lines that are no entry are left out, and then a last
        entry of kind ``journal.cut`` tells their numbers (from 1) in ``lines``.

    Raises:
        OSError: The file cannot be read.
    """
    lines = path.read_bytes().split(b"\n")
    entries: list[Entry] = []
    broken: list[int] = []
    for number, entry in enumerate(_parsed(lines), start=1):
        if isinstance(entry, dict) and "kind" in entry:
            entries.append(entry)
        elif lines[number - 1].strip():
            broken.append(number)
    if broken:
        last_s = entries[-1].get("t", 0.0) if entries else 0.0
        entries.append({"t": last_s, "kind": "journal.cut", "lines": broken})
    return entries


def _parsed(lines: list[bytes]) -> list[object]:
    """Return the value of each line; None for one that has none."""
    try:
        # As one list it takes half the time, 50 ms for 23,000; a whole journal ends with a newline.
        values: list[object] = json.loads(b"[%s,null]" % b",".join(lines[:-1]))
        if not lines[-1] and len(values) == len(lines):
            return values
    except ValueError:
        pass  # one of them is cut: which?
    return [_value(line) for line in lines]


def _value(line: bytes) -> object:
    try:
        return json.loads(line.decode())
    except ValueError:
        return None
