"""Records that `hilprobe` prints between a program's own output, taken out of the stream.

A record is one line: 1E, a JSON object in ASCII, 1F, the sum of the JSON's bytes modulo 65536 as
four hex digits, and a line end. Whatever does not have this form is the program's output, a lone
1E too, so a program that prints binary loses nothing.

Source: device_src/hilprobe.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

START = b"\x1e"
SEPARATOR = b"\x1f"

#: `hilprobe` cuts the text of a record so that no line is longer than this.
MAX_RECORD_BYTES = 4096


@dataclass(frozen=True)
class Text:
    """Bytes that the program printed."""

    data: bytes


@dataclass(frozen=True)
class Record:
    """One record of the probe.

    Attributes:
        kind: What it is about: ``display``, ``led``, ``wifi``, ``mark``, ``snapshot`` ...
        ticks_ms: The board's clock when it was made; wraps as `time.ticks_ms` does.
        fields: The other members of the JSON object.
    """

    kind: str
    ticks_ms: int
    fields: dict[str, object] = field(default_factory=dict)


def checksum(payload: bytes) -> bytes:
    """Return the four hex digits that end a record."""
    return b"%04x" % (sum(payload) & 0xFFFF)


def encode(kind: str, ticks_ms: int, **fields: object) -> bytes:
    """Return the line that the probe prints for a record, with its line end."""
    payload = json.dumps({"k": kind, "t": ticks_ms, **fields}, separators=(",", ":")).encode()
    return START + payload + SEPARATOR + checksum(payload) + b"\r\n"


class RecordStream:
    """Splits what a program printed into text and records; any split of the input gives the same.

    (The same after adjacent `Text` is joined.)
    """

    def __init__(self) -> None:
        """Start with nothing received."""
        self._in = bytearray()

    def receive(self, data: bytes) -> list[Text | Record]:
        """Take printed bytes and return what is complete."""
        self._in += data
        found: list[Text | Record] = []
        while self._in:
            start = self._in.find(START)
            if start != 0:
                found.append(Text(self._take(len(self._in) if start < 0 else start)))
                continue
            end = self._in.find(b"\n")
            # A second 1E before the line's end: the first was the program's own byte, or a
            # record that an interrupt cut off.
            again = self._in.find(START, 1, end if end >= 0 else len(self._in))
            if again >= 0:
                found.append(Text(self._take(again)))
            elif end >= 0:
                line = self._take(end + 1)
                found.append(_parse(line) or Text(line))
            elif len(self._in) > MAX_RECORD_BYTES:
                found.append(Text(self._take(1)))
            else:
                break
        return found

    def flush(self) -> list[Text | Record]:
        """Return what is still held back, as text: the program has ended."""
        return [Text(self._take(len(self._in)))] if self._in else []

    def _take(self, size: int) -> bytes:
        data = bytes(self._in[:size])
        del self._in[:size]
        return data


def _parse(line: bytes) -> Record | None:
    payload, separator, check = line[1:].rstrip(b"\r\n").rpartition(SEPARATOR)
    if not separator or check != checksum(payload):
        return None
    try:
        fields = json.loads(payload)
    except ValueError:
        return None
    if not isinstance(fields, dict):
        return None
    kind, ticks_ms = fields.pop("k", None), fields.pop("t", None)
    if not isinstance(kind, str) or not isinstance(ticks_ms, int):
        return None
    return Record(kind, ticks_ms, fields)
