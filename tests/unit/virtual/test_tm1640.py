"""The panel's controller, wire by wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    assert (panel.columns, panel.brightness, panel.protocol_errors) == (data, 7, 0)


def test_columns_after_display_off_are_dark_and_come_back() -> None:
    panel = Tm1640()
    panel.feed(transfer(0x40) + transfer(0xC3, 0xFF) + transfer(0x88) + transfer(0x80))
    assert panel.columns == bytes(COLUMNS)
    panel.feed(transfer(0x88))
    assert panel.columns == bytes([0, 0, 0, 0xFF]) + bytes(12)


def test_data_at_a_fixed_address_stay_there() -> None:
    panel = Tm1640()
    panel.feed(transfer(0x44) + transfer(0xC5, 1, 2) + transfer(0x88))
    assert panel.columns[5:7] == b"\x02\x00"
    assert panel.protocol_errors == 0


@pytest.mark.parametrize(
    "wires",
    [
        pytest.param(transfer(0x00), id="unknown command"),
        pytest.param(transfer(0x40, 1), id="data behind a data command"),
        pytest.param(transfer(0xCF, 1, 2), id="more data than addresses"),
        pytest.param(transfer()[:-1] + bytes([3]), id="start and stop without a byte"),
        pytest.param(transfer(0x40)[:-8] + bytes([CLOCK, CLOCK | DATA]), id="stop within a byte"),
        pytest.param(bytes([CLOCK, CLOCK | DATA]), id="nothing in between"),
    ],
)
def test_broken_transfer_is_counted_and_the_next_one_works(wires: bytes) -> None:
    panel = Tm1640()
    panel.feed(wires)
    assert panel.protocol_errors >= 1
    panel.release()
    panel.feed(transfer(0x40) + transfer(0xC0, 9) + transfer(0x88))
    assert panel.columns[0] == 9


def test_release_within_a_transfer_forgets_it() -> None:
    panel = Tm1640()
    panel.feed(transfer(0xC0, 1)[:20])
    panel.release()
    panel.feed(transfer(0x88))
    assert panel.is_on
    assert panel.protocol_errors == 0


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
    assert panel.protocol_errors == 0
