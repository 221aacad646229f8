"""Pictures as columns and as rows, and what the probe's records mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.board.readback import bench_snapshot, snapshots_of_record
from harness.board.snapshot import Snapshot, columns_from_rows, rows_from_columns
from harness.link.rig import BenchState
from harness.wire.probe_record import Record

CORNERS = (
    "#..............#",
    "................",
    "................",
    "................",
    "................",
    "................",
    "................",
    ".#..............",
)


def test_highest_bit_is_the_top_row_and_first_byte_the_left_column() -> None:
    assert rows_from_columns(b"\x80\x01" + bytes(13) + b"\x80") == CORNERS
    assert columns_from_rows(CORNERS) == b"\x80\x01" + bytes(13) + b"\x80"


@given(st.binary(min_size=16, max_size=16))
def test_rows_and_columns_are_inverse(columns: bytes) -> None:
    rows = rows_from_columns(columns)
    assert [len(row) for row in rows] == [16] * 8
    assert set("".join(rows)) <= {".", "#"}
    assert columns_from_rows(rows) == columns


@given(st.binary(max_size=40))
def test_short_pictures_are_dark_on_the_right_and_long_ones_are_cut(columns: bytes) -> None:
    assert columns_from_rows(rows_from_columns(columns)) == columns[:16].ljust(16, b"\0")


def test_snapshot_as_json_is_the_shape_of_the_command() -> None:
    snapshot = Snapshot("device", CORNERS, None, (1, 2, 3), 77)
    assert snapshot.as_json() == {
        "source": "device",
        "pixels": list(CORNERS),
        "text": None,
        "led": [1, 2, 3],
        "ticks_ms": 77,
    }


def test_colour_that_nobody_knows_is_null() -> None:
    snapshot = Snapshot("device", CORNERS, None, (0, 0, 0), 0, is_led_known=False)
    assert snapshot.as_json()["led"] is None


def test_snapshot_record_gives_both_views() -> None:
    view = {"px": "80" + "00" * 15, "rgb": [0, 0, 255]}
    record = Record(
        "snapshot", 5, {"commanded": {**view, "text": "x"}, "device": view, "armed": True}
    )
    commanded, device = snapshots_of_record(record)
    assert (commanded.source, commanded.text, commanded.led) == ("commanded", "x", (0, 0, 255))
    assert (device.source, device.text, device.ticks_ms) == ("device", None, 5)
    assert device.pixels[0] == "#" + "." * 15


@pytest.mark.parametrize("commanded", [None, {}])
def test_probe_that_is_not_armed_knows_no_command(commanded: dict[str, object] | None) -> None:
    fields: dict[str, object] = {"device": {"px": "00" * 16, "rgb": [0, 0, 0]}, "armed": False}
    if commanded is None:
        fields["commanded"] = None
    assert [each.source for each in snapshots_of_record(Record("snapshot", 0, fields))] == [
        "device"
    ]


def test_bench_snapshot_keeps_what_the_observer_saw() -> None:
    seen = bench_snapshot(
        BenchState(0.0, b"\x80\x01" + bytes(13) + b"\x80", (9, 8, 7), board_us=1500999)
    )
    assert seen == Snapshot("bench", CORNERS, None, (9, 8, 7), 1500)
