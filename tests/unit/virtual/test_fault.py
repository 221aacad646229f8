"""Faults: their spelling, and chance that is the same each time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigError
from harness.virtual.board_fault import BoardFault
from harness.virtual.fault import SEEDS, Fault, parse_fault
from harness.virtual.line_fault import LineFault
from harness.virtual.settings import VirtualSettings

DATA = bytes(range(256)) * 40

FAULTS = st.builds(
    Fault,
    boot_noise=st.integers(0, 1000),
    drop=st.floats(0, 1),
    flip=st.floats(0, 1),
    vanish=st.integers(-1, 1000),
    seed=st.integers(0, SEEDS),
    hang=st.integers(-1, 1000),
    crash_loop=st.integers(-1, 10),
    open_reset=st.booleans(),
    no_files=st.booleans(),
    no_paste=st.booleans(),
    free_heap=st.sampled_from((0, 4, 20)),
)


@given(FAULTS)
def test_spelling_means_the_same_again(fault: Fault) -> None:
    assert parse_fault(str(fault)) == fault
    settings = VirtualSettings(fault=fault)
    assert VirtualSettings.from_json(settings.to_json()) == settings


def test_words_alone_and_with_numbers() -> None:
    assert parse_fault("") == Fault()
    assert str(Fault()) == ""
    assert parse_fault("boot-noise, hang,crash-loop") == Fault(
        boot_noise=200, hang=0, crash_loop=-1
    )
    assert str(Fault(crash_loop=-1, no_files=True)) == "crash-loop,no-files"
    assert parse_fault("drop=1e-3,seed=7") == Fault(drop=0.001, seed=7)


@pytest.mark.parametrize(
    "text",
    [
        "bogus",
        "drop",
        "drop=",
        "drop=x",
        "drop=nan",
        "drop=1.1",
        "flip=-0.1",
        "no-files=1",
        "no-files,no-files",
        "vanish",
        "hang=-2",
        "seed=1.5",
        "free-heap=1",
        "away=60001",
    ],
)
def test_what_cannot_be_used_is_refused_with_what_can(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_fault(text)
    assert all(caught.value.parts().values())


def test_seed_is_drawn_where_chance_has_a_part_and_kept_where_it_was_given() -> None:
    assert Fault(no_files=True).seeded().seed == 0
    assert Fault(drop=0.1, seed=7).seeded().seed == 7
    seeds = {Fault(drop=0.1).seeded().seed for _ in range(20)}
    assert len(seeds) > 1
    assert 0 not in seeds


def through(
    fault: Fault, direction: str = "down", piece: int = len(DATA)
) -> tuple[bytes, int, int]:
    """Return what comes through, how much was lost and how much was changed."""
    came = bytearray()
    line = LineFault(direction, came.extend)
    line.set(fault)
    for start in range(0, len(DATA), piece):
        line.carry(DATA[start : start + piece])
    return bytes(came), line.dropped_bytes, line.flipped_bytes


def test_sound_line_changes_nothing() -> None:
    assert through(Fault()) == (DATA, 0, 0)


def test_bytes_are_lost_and_counted() -> None:
    came, dropped, flipped = through(Fault(drop=0.01, seed=3))
    assert len(came) == len(DATA) - dropped
    assert 0.005 < dropped / len(DATA) < 0.02
    assert flipped == 0


def test_one_bit_of_a_byte_is_turned_and_counted() -> None:
    came, dropped, flipped = through(Fault(flip=0.01, seed=3))
    changed = [a ^ b for a, b in zip(DATA, came, strict=True) if a != b]
    assert len(changed) == flipped > 20
    assert dropped == 0
    assert all(bits.bit_count() == 1 for bits in changed)


def test_seed_decides_however_the_bytes_come_in_pieces_and_each_way_for_itself() -> None:
    fault = Fault(drop=0.01, flip=0.01, seed=3)
    assert through(fault) == through(fault, piece=7)
    assert through(fault) != through(fault, "up")
    assert through(fault) != through(Fault(drop=0.01, flip=0.01, seed=4))


def test_hang_comes_once_at_its_byte() -> None:
    fault = BoardFault()
    assert not fault.hangs(1000)
    fault.set(Fault(hang=100))
    assert [fault.hangs(60), fault.hangs(60), fault.hangs(60)] == [False, True, False]


def test_boots_crash_as_often_as_they_have_to() -> None:
    fault = BoardFault()
    fault.set(Fault(crash_loop=2, no_deflate=True))
    assert [fault.boot_words() for _ in range(3)] == ["deflate,crash", "deflate,crash", "deflate"]
    fault.set(Fault(crash_loop=-1))
    assert {fault.boot_words() for _ in range(9)} == {"crash"}


def test_raw_paste_is_unknown_at_the_prompt_only() -> None:
    fault = BoardFault()
    asked = b"\x05A\x01"
    assert fault.typed(asked, at_raw_prompt=True) == asked
    fault.set(Fault(no_paste=True))
    assert fault.typed(asked, at_raw_prompt=True) == b"A\x01"
    assert fault.typed(asked, at_raw_prompt=False) == asked
