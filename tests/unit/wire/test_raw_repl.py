"""The raw REPL's state machine, without a board.

The transcripts are what `shared/runtime/pyexec.c` of MicroPython sends.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import LocalProtocolError, RemoteProtocolError
from harness.wire.raw_repl import BANNER, PLAIN_PIECE_BYTES, RawRepl
from harness.wire.raw_repl_event import (
    Accepted,
    Completed,
    Entered,
    Event,
    Left,
    Noise,
    Output,
    Rebooted,
    State,
)

WINDOW_32 = b"R\x01\x20\x00"
FRIENDLY = b'MicroPython v1.28\r\nType "help()" for more information.\r\n>>> '

#: Verb, source, and what the board sends until the verb's work is done.
TRANSCRIPT: tuple[tuple[str, bytes, bytes], ...] = (
    ("enter", b"", b"boot noise\r\n" + FRIENDLY + b"\r\n" + BANNER),
    ("submit", b"print(1)", WINDOW_32 + b"\x01\x041\r\n\x04\x04>"),
    ("submit", b"1/0", WINDOW_32 + b"\x04\x04Traceback\r\nZeroDivisionError: \r\n\x04>"),
    ("soft_reset", b"", b"OK\r\nMPY: soft reboot\r\nfrom boot.py\r\n" + BANNER),
    ("submit", b"x" * 100, WINDOW_32 + b"\x01\x01\x01\x04late\x04\x04>"),
    ("leave", b"", b"\r\n" + FRIENDLY),
)


def joined(events: list[Event]) -> list[Event]:
    result: list[Event] = []
    for event in events:
        last = result[-1] if result else None
        if isinstance(event, Output) and isinstance(last, Output):
            result[-1] = Output(last.data + event.data)
        elif isinstance(event, Noise) and isinstance(last, Noise):
            result[-1] = Noise(last.data + event.data)
        else:
            result.append(event)
    return result


def play(cuts: list[int]) -> list[Event]:
    """Go through the transcript, each answer cut into pieces of the given sizes."""
    machine = RawRepl()
    events: list[Event] = []
    sizes = iter(cuts * 400)
    for verb, source, answer in TRANSCRIPT:
        if verb == "submit":
            machine.submit(source)
        else:
            getattr(machine, verb)()
        rest = answer
        while rest:
            machine.data_to_send()
            size = next(sizes)
            events += machine.receive(rest[:size])
            rest = rest[size:]
        machine.data_to_send()
    return joined(events)


def ready() -> RawRepl:
    machine = RawRepl()
    machine.enter()
    machine.data_to_send()
    assert machine.receive(BANNER) == [Entered()]
    return machine


def test_transcript_gives_its_events() -> None:
    assert [event for event in play([10_000]) if not isinstance(event, Noise)] == [
        Entered(),
        Accepted(paste=True),
        Output(b"1\r\n"),
        Completed(b""),
        Accepted(paste=True),
        Completed(b"Traceback\r\nZeroDivisionError: \r\n"),
        Rebooted(),
        Accepted(paste=True),
        Output(b"late"),
        Completed(b""),
        Left(),
    ]


@given(st.lists(st.integers(1, 7), min_size=1, max_size=30))
def test_any_split_gives_the_same_events(cuts: list[int]) -> None:
    assert play(cuts) == play([1])


def test_boot_output_of_a_reset_is_noise_and_not_lost() -> None:
    noise = b"".join(event.data for event in play([3]) if isinstance(event, Noise))
    assert b"boot noise" in noise
    assert b"from boot.py" in noise


@given(st.integers(1, 50), st.integers(0, 400), st.lists(st.integers(0, 3), max_size=40))
def test_source_never_passes_the_credit(window: int, size: int, grants: list[int]) -> None:
    machine = ready()
    machine.submit(b"a" * size)
    assert machine.data_to_send() == b"\x05A\x01"
    machine.receive(b"R\x01" + window.to_bytes(2, "little"))
    granted, sent = window, len(machine.data_to_send().rstrip(b"\x04"))
    for count in grants:
        assert sent <= granted
        if machine.state is not State.PASTING:
            break
        machine.receive(b"\x01" * count)
        granted += window * count
        sent += len(machine.data_to_send().rstrip(b"\x04"))
    assert sent <= granted


def test_board_that_ends_the_paste_is_acknowledged() -> None:
    machine = ready()
    machine.submit(b"a" * 100)
    machine.data_to_send()
    machine.receive(WINDOW_32)
    assert machine.data_to_send() == b"a" * 32
    assert machine.receive(b"\x04") == [Accepted(paste=True)]
    assert machine.data_to_send() == b"\x04"
    assert machine.receive(b"\x04MemoryError: \r\n\x04>") == [Completed(b"MemoryError: \r\n")]


@pytest.mark.parametrize("answer", [b"R\x00", b"raw REPL; CTRL-B to exit\r\n>"])
def test_board_without_raw_paste_gets_plain_raw_and_is_not_asked_again(answer: bytes) -> None:
    machine = ready()
    source = b"b" * (PLAIN_PIECE_BYTES + 10)
    machine.submit(source)
    assert machine.data_to_send() == b"\x05A\x01"
    machine.receive(answer)
    assert not machine.has_raw_paste
    assert machine.data_to_send() == b"b" * PLAIN_PIECE_BYTES
    assert machine.wants_to_send
    assert machine.data_to_send() == b"b" * 10 + b"\x04"
    assert machine.receive(b"OKout\x04\x04>") == [
        Accepted(paste=False),
        Output(b"out"),
        Completed(b""),
    ]
    machine.submit(b"again")
    assert machine.data_to_send() == b"again\x04"


def test_ok_before_the_source_is_sent_is_noise() -> None:
    machine = ready()
    machine.submit(b"c" * 300, paste=False)
    machine.data_to_send()
    assert machine.receive(b"OK") == [Noise(b"OK")]
    machine.data_to_send()
    assert machine.receive(b"OK") == [Accepted(paste=False)]


def test_empty_source_is_no_soft_reset() -> None:
    machine = ready()
    machine.submit(b"", paste=False)
    assert machine.data_to_send() == b"#\x04"


@pytest.mark.parametrize("source", [b"a\x04b", b"a\x03b"])
def test_control_byte_in_source_is_refused(source: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="control byte"):
        ready().submit(source)


@pytest.mark.parametrize("verb", ["submit", "leave", "soft_reset"])
def test_verb_in_the_wrong_state_names_the_state(verb: str) -> None:
    machine = RawRepl()
    with pytest.raises(LocalProtocolError, match="FRIENDLY"):
        machine.submit(b"x") if verb == "submit" else getattr(machine, verb)()


def test_window_of_nothing_is_refused() -> None:
    machine = ready()
    machine.submit(b"x")
    machine.data_to_send()
    with pytest.raises(RemoteProtocolError, match="window of 0"):
        machine.receive(b"R\x01\x00\x00")


def test_missing_prompt_is_refused_and_enter_starts_again() -> None:
    machine = ready()
    machine.submit(b"x", paste=False)
    machine.data_to_send()
    with pytest.raises(RemoteProtocolError, match="no raw prompt"):
        machine.receive(b"OK\x04\x04?")
    machine.enter()
    assert machine.receive(BANNER) == [Entered()]


def test_interrupt_is_sent_in_any_state() -> None:
    machine = ready()
    machine.submit(b"while True: pass", paste=False)
    machine.data_to_send()
    machine.receive(b"OK")
    machine.interrupt()
    assert machine.data_to_send() == b"\x03"


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_garbage_raises_nothing_but_the_protocol_error(chunks: list[bytes]) -> None:
    machine = ready()
    machine.submit(b"print(1)")
    for chunk in chunks:
        machine.data_to_send()
        try:
            machine.receive(chunk)
        except RemoteProtocolError:
            machine.enter()


def test_flood_without_a_banner_keeps_no_buffer() -> None:
    machine = RawRepl()
    machine.enter()
    total = sum(
        len(event.data)
        for _ in range(100)
        for event in machine.receive(b"g" * 1000)
        if isinstance(event, Noise)
    )
    assert total >= 100_000 - len(BANNER)
