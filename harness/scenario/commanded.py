"""What the probe's records say of a panel and an LED."""

from __future__ import annotations

from typing import cast

from harness.board.snapshot import Snapshot, rows_from_columns
from harness.scenario.running import Seen
from harness.wire.probe_record import Record

DARK_COLUMNS = bytes(16)


def rgb_of(record: Record) -> tuple[int, int, int]:
    """Return the colour in a record of kind ``led``."""
    red, green, blue = cast("list[int]", record.fields["rgb"])
    return red, green, blue


def latest_commanded(records: list[Seen]) -> Snapshot:
    """Return what the probe's records add up to: the last picture and the last colour."""
    columns, text, led, ticks_ms = DARK_COLUMNS, None, (0, 0, 0), 0
    for seen in records:
        fields = seen.record.fields
        if seen.record.kind == "display":
            columns = bytes.fromhex(str(fields.get("px", "")))
            text = fields.get("text")
            ticks_ms = seen.record.ticks_ms
        elif seen.record.kind == "led":
            led = rgb_of(seen.record)
            ticks_ms = seen.record.ticks_ms
    return Snapshot(
        "commanded",
        rows_from_columns(columns),
        text if isinstance(text, str) else None,
        led,
        ticks_ms,
    )
