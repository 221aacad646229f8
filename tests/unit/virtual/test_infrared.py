"""What a receiver makes of a carrier that is switched on and off."""

from __future__ import annotations

from harness.virtual.infrared import GAP_US, MAX_DURATIONS, QUIET_S, Message, Transmitter


def send(transmitter: Transmitter, began_us: int, *durations_us: int) -> list[Message]:
    """Key the transmitter; return the messages that were ended by that."""
    at_us = began_us
    ended: list[Message] = []
    for place, duration_us in enumerate([*durations_us, 0]):
        message = transmitter.drive(None if place % 2 else 38000, at_us, at_us / 1e6)
        ended += [] if message is None else [message]
        at_us += duration_us
    return ended


def test_message_is_over_when_it_has_been_quiet() -> None:
    assert Transmitter().due_s is None
    transmitter = Transmitter()
    assert send(transmitter, 1000, 9000, 4500, 560) == []
    assert transmitter.due_s is not None
    assert transmitter.advance(transmitter.due_s - QUIET_S / 2) is None
    assert transmitter.advance(transmitter.due_s) == Message(1000, 38000, (9000, 4500, 560))
    assert transmitter.due_s is None


def test_long_space_makes_two_messages_whenever_they_come() -> None:
    transmitter = Transmitter()
    send(transmitter, 0, 560)
    (first,) = send(transmitter, 560 + GAP_US, 900)
    assert first == Message(0, 38000, (560,))
    assert transmitter.advance(100.0) == Message(560 + GAP_US, 38000, (900,))


def test_spaces_below_the_gap_belong_to_the_message() -> None:
    transmitter = Transmitter()
    assert send(transmitter, 0, 560, GAP_US - 1, 560) == []
    assert transmitter.advance(100.0) == Message(0, 38000, (560, GAP_US - 1, 560))


def test_light_without_a_carrier_is_told_apart() -> None:
    transmitter = Transmitter()
    transmitter.drive(0, 0, 0.0)
    transmitter.drive(0, 300, 0.0)
    transmitter.drive(None, 500, 0.0)
    assert transmitter.advance(1.0) == Message(0, 0, (500,))


def test_message_without_end_is_cut() -> None:
    transmitter = Transmitter()
    (message,) = send(transmitter, 0, *[10] * (MAX_DURATIONS + 2))
    assert len(message.durations_us) == MAX_DURATIONS + 1
