from __future__ import annotations

import pytest

from harness.bench.client_figure import (
    ECHO_P50,
    FIGURES,
    IMPORT,
    LEAST_PY,
    SIZE_MPY,
    Comparison,
    Table,
    figure_rows,
    heap_name,
    publish_name,
    receive_name,
)
from harness.bench.client_peer import LOOP, OURS, SIMPLE
from harness.bench.row import Row

#: Row -> a value of ours that just meets its limit, one that just misses it. The others' stand
#: beside: 1000 for each of them.
LIMITS = {
    publish_name(0, 16): (1000, 999),
    publish_name(1, 16): (2000, 1999),
    receive_name(16): (1000, 999),
    ECHO_P50: (0.999, 1.0),
    heap_name(0): (128, 129),
    heap_name(1): (320, 321),
    IMPORT: (12000, 12001),
    LEAST_PY: (9000, 9001),
    SIZE_MPY: (8000, 8001),
}


def table(what: str, ours: float) -> Table:
    return {what: {OURS: ours, SIMPLE: 1000.0, LOOP: 1000.0}}


def limited(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.limit]


@pytest.mark.parametrize("what", LIMITS)
def test_figure_at_its_limit_is_met_and_beyond_it_is_not(what: str) -> None:
    good, bad = LIMITS[what]
    met = limited(figure_rows(table(what, good))[0])
    missed = limited(figure_rows(table(what, bad))[0])
    assert met
    assert all(row.ok for row in met)
    assert [row.what for row in met] == [row.what for row in missed]
    assert not all(row.ok for row in missed)


@pytest.mark.parametrize(("ours", "is_ok"), [(500, True), (499, False)])
def test_figure_of_qos_1_is_half_of_the_bare_loop_too(ours: float, is_ok: bool) -> None:
    rows, _ = figure_rows(table(publish_name(1, 16), ours))
    row = next(row for row in rows if row.what.endswith(LOOP))
    assert (row.ok, row.limit) == (is_ok, ">= 0.5")


def test_every_limit_is_among_those_that_were_tried() -> None:
    rows, _ = figure_rows({figure.what: table("", 1.0)[""] for figure in FIGURES})
    tried = {row.what for what in LIMITS for row in limited(figure_rows(table(what, 1.0))[0])}
    assert {row.what for row in limited(rows)} == tried


def test_row_shows_the_peers_and_not_ours_among_them() -> None:
    rows, _ = figure_rows(table(publish_name(2, 256), 3.0))
    assert [row.as_json() for row in rows] == [
        {
            "what": "publish 256 B, QoS 2",
            "ours": 3.0,
            "peers": {SIMPLE: 1000.0, LOOP: 1000.0},
            "unit": "/s",
            "limit": "",
            "ok": True,
        }
    ]


def test_limit_against_an_absent_peer_is_missing_and_no_pass() -> None:
    values = table(receive_name(16), 10.0)
    del values[receive_name(16)][SIMPLE]
    rows, missing = figure_rows(values)
    assert [row.what for row in rows] == [receive_name(16)]
    title = f"{receive_name(16)}: ours / {SIMPLE}"
    assert f"{title} (nothing from {SIMPLE})" in missing


def test_empty_table_misses_every_figure() -> None:
    rows, missing = figure_rows({})
    assert not rows
    assert len(missing) == len(FIGURES)
    assert sum(isinstance(figure, Comparison) for figure in FIGURES) == 4
