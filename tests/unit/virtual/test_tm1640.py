"""The panel's controller, wire by wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.virtual import tm1640
from harness.virtual.tm1640 import COLUMNS, Tm1640

CLOCK, DATA = 2, 1


def transfer(*values: int) -> bytes:
    """Return the wires of one transfer, from and to both wires high."""
    wires = [CLOCK]
    for value in values:
        for place in range(8):
            bit = value >> place & 1
            wires += [wires[-1] & DATA, bit, bit | CLOCK]
    wires += [wires[-1] & DATA, 0, CLOCK, CLOCK | DATA]
    # Only changes are reported.
    return bytes(
        now for before, now in zip([CLOCK | DATA, *wires], wires, strict=False) if before != now
    )


def test_columns_after_data_and_display_on_are_the_data() -> None:
    panel = Tm1640()
    data = bytes(range(1, 17))
    panel.feed(transfer(0x40) + transfer(0xC0, *data))
    assert panel.columns == bytes(COLUMNS)
    panel.feed(transfer(0x8F))
    assert (panel.columns, panel.brightness, panel.violations) == (data, 7, [])


def test_columns_after_display_off_are_dark_and_come_back() -> None:
    panel = Tm1640()
    panel.feed(transfer(0x40) + transfer(0xC3, 0xFF) + transfer(0x88) + transfer(0x80))
    assert panel.columns == bytes(COLUMNS)
    panel.feed(transfer(0x88))
    assert panel.columns == bytes([0, 0, 0, 0xFF]) + bytes(12)


def test_data_at_a_fixed_address_stay_there() -> None:
    panel = Tm1640()
    panel.feed(transfer(0x44) + transfer(0xC5, 1) + transfer(0xC7, 2) + transfer(0x88))
    assert panel.columns[5:8] == b"\x01\x00\x02"
    assert panel.violations == []


READY = transfer(0x40)


@pytest.mark.parametrize(
    ("wires", "rule"),
    [
        pytest.param(transfer(0x40)[:-1] + bytes([3, 2]), None, id="two transfers"),
        pytest.param(transfer(0x40)[:-2] + bytes([1, 3]) + READY, tm1640.NO_STOP, id="no stop"),
        pytest.param(bytes([1, 0, 2, 3]), tm1640.NO_START, id="no start"),
        pytest.param(transfer(0x40)[:-8] + bytes([2, 3]), tm1640.CUT_BYTE, id="cut byte"),
        pytest.param(transfer()[:-1] + bytes([3]), tm1640.EMPTY, id="empty"),
        pytest.param(transfer(0x00), tm1640.UNKNOWN, id="unknown command"),
        pytest.param(transfer(0xD0), tm1640.UNKNOWN, id="address that does not exist"),
        pytest.param(transfer(0x40, 1), tm1640.NO_DATA_HERE, id="data behind a data command"),
        pytest.param(transfer(0x8F, 1), tm1640.NO_DATA_HERE, id="data behind a brightness"),
        pytest.param(READY + transfer(0xCF, 1, 2), tm1640.TOO_MUCH, id="too much data"),
        pytest.param(transfer(0xC0, 1), tm1640.NOT_ANNOUNCED, id="no data command"),
        pytest.param(transfer(0x44) + transfer(0xC0, 1, 2), tm1640.MANY_FIXED, id="many fixed"),
    ],
)
def test_broken_rule_is_named_and_the_next_transfer_works(wires: bytes, rule: str | None) -> None:
    panel = Tm1640()
    panel.feed(wires)
    assert panel.violations == ([] if rule is None else [rule])
    panel.release()
    panel.feed(transfer(0x40) + transfer(0xC0, 9) + transfer(0x88))
    assert panel.columns[0] == 9
    assert len(panel.violations) <= 1


def cut_short(count: int) -> bytes:
    """Return the first changes of a transfer, and both wires let up as a driver begins the next."""
    wires = list(transfer(0xC0, 1)[:count])
    for now in (wires[-1] | DATA, CLOCK | DATA):
        if wires[-1] != now:
            wires.append(now)
    return bytes(wires)


@pytest.mark.parametrize("count", range(1, len(transfer(0xC0, 1))))
def test_transfer_that_ctrl_c_has_cut_is_no_violation(count: int) -> None:
    panel = Tm1640()
    panel.feed(READY)
    panel.expect_cut()
    panel.feed(cut_short(count) + READY)
    assert panel.violations == []


def test_second_transfer_that_is_cut_is_a_violation() -> None:
    panel = Tm1640()
    panel.feed(READY)
    panel.expect_cut()
    panel.feed(READY + cut_short(20) + READY + cut_short(20) + READY)
    assert len(panel.violations) == 1


def test_release_within_a_transfer_forgets_it() -> None:
    panel = Tm1640()
    panel.feed(transfer(0xC0, 1)[:20])
    panel.release()
    panel.feed(transfer(0x88))
    assert panel.is_on
    assert panel.violations == []


@given(st.binary(max_size=400))
def test_any_wires_leave_a_valid_state(wires: bytes) -> None:
    panel = Tm1640()
    panel.feed(wires)
    assert len(panel.columns) == COLUMNS
    assert 0 <= panel.brightness <= 7


@given(st.lists(st.integers(0, 255), min_size=16, max_size=16), st.integers(0, 500))
def test_wires_in_any_two_pieces_give_the_same(data: list[int], cut: int) -> None:
    wires = transfer(0x40) + transfer(0xC0, *data) + transfer(0x8A)
    panel = Tm1640()
    panel.feed(wires[:cut])
    panel.feed(wires[cut:])
    assert panel.columns == bytes(data)
    assert panel.violations == []
