"""From one entry of the journal to one record: the plain parts of `assembly`."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from harness.report.record import (
    BoardRecord,
    Colour,
    Deployment,
    Effect,
    ExecCall,
    ExpectRecord,
    LogLine,
    Measurement,
    MqttMessage,
    SerialChunk,
    SnapshotRecord,
    StepRecord,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.report.journal import Entry

PANEL_COLUMNS = 16
PANEL_ROWS = 8
#: Fields of an effect that have an attribute of their own in `Effect`, or none at all.
_PLACED = frozenset({"t", "kind", "test", "board", "what", "px", "rgb", "text", "ticks_ms"})


def columns_from_rows(rows: list[str]) -> bytes:
    """Turn 8 rows of 16 ``.`` or ``#`` into 16 columns.

    Raises:
        ValueError: The rows have another shape.
    """
    if [len(row) for row in rows] != [PANEL_COLUMNS] * PANEL_ROWS:
        msg = f"expected {PANEL_ROWS} rows of {PANEL_COLUMNS}, got {[len(row) for row in rows]}"
        raise ValueError(msg)
    return bytes(
        sum(0x80 >> y for y, row in enumerate(rows) if row[x] == "#") for x in range(PANEL_COLUMNS)
    )


def rows_from_columns(columns: bytes) -> list[str]:
    """Turn 16 columns into 8 rows of 16 ``.`` or ``#``."""
    return [
        "".join("#" if column & (0x80 >> y) else "." for column in columns)
        for y in range(PANEL_ROWS)
    ]


def text_of(value: object) -> str:
    """Return a JSON value as people read it: text as it is, null as nothing."""
    return value if isinstance(value, str) else "" if value is None else str(value)


def texts_of(value: object) -> tuple[str, ...]:
    """Return a JSON list as texts; what is no list has none."""
    return tuple(map(text_of, value)) if isinstance(value, (list, tuple)) else ()


def _columns(px: object) -> bytes | None:
    """Turn 32 hex digits into 16 columns; None stays None."""
    if px is None:
        return None
    columns = bytes.fromhex(str(px))
    if len(columns) != PANEL_COLUMNS:
        msg = f"expected {PANEL_COLUMNS} columns, got {len(columns)}"
        raise ValueError(msg)
    return columns


def _colour(rgb: Any) -> Colour | None:
    if rgb is None:
        return None
    red, green, blue = (min(255, max(0, int(part))) for part in rgb)
    return red, green, blue


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, (int, float)) else None


def _serial(entry: Entry) -> SerialChunk:
    return SerialChunk(
        float(entry["t"]),
        text_of(entry.get("board")),
        str(entry["dir"]),
        base64.b64decode(entry["data"], validate=True),
    )


def _exec(entry: Entry) -> ExecCall:
    return ExecCall(
        float(entry["t"]),
        text_of(entry.get("board")),
        text_of(entry.get("source")),
        text_of(entry.get("output")),
        entry.get("error") or None,
        float(entry.get("seconds") or 0.0),
    )


def _effect(entry: Entry) -> Effect:
    what = str(entry["what"])
    return Effect(
        float(entry["t"]),
        text_of(entry.get("board")),
        "bench" if entry["kind"] == "bench" else "commanded",
        "panel" if what == "display" else what,
        _columns(entry.get("px")),
        _colour(entry.get("rgb")),
        None if entry.get("text") is None else str(entry["text"]),
        _whole(entry.get("ticks_ms")),
        {name: value for name, value in entry.items() if name not in _PLACED},
    )


def _mqtt(entry: Entry) -> MqttMessage:
    payload = entry.get("payload")
    is_base64 = isinstance(payload, dict)
    return MqttMessage(
        float(entry["t"]),
        str(entry["dir"]),
        text_of(entry.get("client")),
        str(entry["topic"]),
        str(payload["b64"]) if isinstance(payload, dict) else text_of(payload),
        is_base64,
        int(entry.get("qos") or 0),
        bool(entry.get("retain")),
    )


def _step(entry: Entry) -> StepRecord:
    return StepRecord(
        float(entry["t"]),
        str(entry["name"]),
        bool(entry["ok"]),
        float(entry.get("seconds") or 0.0),
        text_of(entry.get("detail")),
    )


def _expect(entry: Entry) -> ExpectRecord:
    return ExpectRecord(
        float(entry["t"]),
        text_of(entry.get("board")),
        str(entry["what"]),
        text_of(entry.get("source")),
        text_of(entry.get("expected")),
        text_of(entry.get("found")),
        bool(entry["ok"]),
        _number(entry.get("within_s")),
        _number(entry.get("took_s")),
        text_of(entry.get("message")),
        _columns(entry.get("expected_px")),
        _columns(entry.get("found_px")),
        tuple(bytes.fromhex(px) for px in entry.get("expected_film") or ()),
        tuple((float(t), bytes.fromhex(px)) for t, px in entry.get("found_film") or ()),
        text_of(entry.get("diff")),
    )


def _snapshot(entry: Entry) -> SnapshotRecord:
    return SnapshotRecord(
        float(entry["t"]),
        text_of(entry.get("board")),
        str(entry["source"]),
        columns_from_rows(entry["pixels"]),
        None if entry.get("text") is None else str(entry["text"]),
        _colour(entry.get("led")) or (0, 0, 0),
        _whole(entry.get("ticks_ms")),
    )


def _measurement(entry: Entry) -> Measurement:
    value = entry["value"]
    return Measurement(
        float(entry["t"]),
        str(entry["name"]),
        value if isinstance(value, (int, float)) else str(value),
        text_of(entry.get("unit")),
        None if entry.get("limit") is None else str(entry["limit"]),
        bool(entry.get("ok", True)),
    )


def log_line(entry: Entry) -> LogLine:
    """Return a line of the broker's log."""
    return LogLine(float(entry["t"]), str(entry["line"]))


def deployment(entry: Entry) -> Deployment:
    """Return what one push did."""
    return Deployment(
        float(entry["t"]),
        texts_of(entry.get("pushed")),
        texts_of(entry.get("unchanged")),
        texts_of(entry.get("removed")),
        int(entry.get("bytes_payload") or 0),
        int(entry.get("bytes_line") or 0),
        float(entry.get("seconds") or 0.0),
        text_of(entry.get("manifest")),
    )


def board(entry: Entry) -> BoardRecord:
    """Return a board as it was opened."""
    return BoardRecord(
        str(entry["board"]),
        text_of(entry.get("board_kind")),
        text_of(entry.get("id")),
        text_of(entry.get("firmware")),
        text_of(entry.get("port")),
        text_of(entry.get("profile")),
        texts_of(entry.get("unverified")),
    )


#: Kind of an entry that belongs to a test -> what makes a record of it.
RECORDS: dict[str, Callable[[Entry], object]] = {
    "serial": _serial,
    "exec": _exec,
    "record": _effect,
    "bench": _effect,
    "mqtt": _mqtt,
    "step": _step,
    "expect": _expect,
    "snapshot": _snapshot,
    "measure": _measurement,
    "broker.log": log_line,
}
