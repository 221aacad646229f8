"""What byte 03 means, for an interpreter that the test plays."""

from __future__ import annotations

from harness.virtual.keyboard import HOLD_S, LIMIT_BYTES, Keyboard


class Played:
    """An interpreter as the keyboard sees it."""

    def __init__(self, *, permits: bool, waits: bool, room: int = 1 << 20) -> None:
        self.permits = permits
        self.is_waiting = waits
        self.unread_bytes = 0
        self.room = room
        self.read = b""
        self.interrupts = 0

    def feed(self, data: bytes) -> int:
        """Take what there is room for."""
        taken = data[: self.room]
        self.room -= len(taken)
        self.read += taken
        return len(taken)

    def interrupt(self) -> bool:
        """Count, if it is permitted."""
        self.interrupts += self.permits
        return self.permits


def test_ctrl_c_at_a_prompt_is_data() -> None:
    keyboard, target = Keyboard(), Played(permits=False, waits=True)
    keyboard.put(b"\r\x03\x01", target)
    keyboard.pump(target, 0.0)
    assert (target.read, target.interrupts) == (b"\r\x03\x01", 0)


def test_ctrl_c_in_a_program_interrupts_and_is_no_data() -> None:
    keyboard, target = Keyboard(), Played(permits=True, waits=False)
    keyboard.put(b"a\x03b", target)
    keyboard.pump(target, 0.0)
    assert (target.read, target.interrupts) == (b"ab", 1)


def test_ctrl_c_for_a_busy_interpreter_waits_for_the_program_to_begin() -> None:
    keyboard, target = Keyboard(), Played(permits=False, waits=False)
    keyboard.put(b"code\x04\x03", target)
    keyboard.pump(target, 0.0)
    assert (target.read, keyboard.is_held) == (b"code\x04", True)
    assert keyboard.due_s(0.0) is not None
    target.permits = True
    keyboard.pump(target, HOLD_S / 2)
    assert (target.read, target.interrupts, keyboard.is_held) == (b"code\x04", 1, False)


def test_ctrl_c_for_an_interpreter_that_stays_busy_becomes_data() -> None:
    keyboard, target = Keyboard(), Played(permits=False, waits=False)
    keyboard.put(b"\x03", target)
    keyboard.pump(target, 0.0)
    assert target.read == b""
    keyboard.pump(target, HOLD_S)
    assert (target.read, keyboard.is_held) == (b"\x03", False)


def test_all_bytes_are_data_after_kbd_intr_minus_1() -> None:
    keyboard, target = Keyboard(), Played(permits=False, waits=False)
    keyboard.is_binary = True
    keyboard.put(bytes(range(256)), target)
    keyboard.pump(target, 0.0)
    assert target.read == bytes(range(256))


def test_ctrl_c_is_back_when_the_next_program_permits_it() -> None:
    keyboard, target = Keyboard(), Played(permits=True, waits=False)
    keyboard.is_binary = True
    keyboard.put(b"\x03", target)
    keyboard.pump(target, 0.0)
    assert (target.read, target.interrupts, keyboard.is_binary) == (b"", 1, False)


def test_ctrl_c_overtakes_what_the_program_does_not_read() -> None:
    keyboard, target = Keyboard(), Played(permits=True, waits=False, room=10)
    keyboard.put(b"x" * 100 + b"\x03", target)
    keyboard.pump(target, 0.0)
    assert (target.interrupts, keyboard.is_blocked) == (1, True)
    target.room = 1000
    keyboard.pump(target, 0.0)
    assert target.read == b"x" * 100


def test_overrun_loses_bytes_while_ctrl_c_is_on() -> None:
    keyboard, target = Keyboard(), Played(permits=True, waits=False, room=0)
    keyboard.put(b"x" * LIMIT_BYTES, target)
    assert keyboard.has_room
    keyboard.put(b"yy\x03", target)
    assert (keyboard.lost_bytes, target.interrupts) == (3, 1)


def test_full_queue_makes_the_client_wait_while_ctrl_c_is_off() -> None:
    keyboard, target = Keyboard(), Played(permits=False, waits=False, room=0)
    keyboard.is_binary = True
    keyboard.put(b"x" * LIMIT_BYTES, target)
    assert not keyboard.has_room
    assert keyboard.lost_bytes == 0


def test_restart_puts_back_what_was_not_read() -> None:
    keyboard, target = Keyboard(), Played(permits=False, waits=True)
    keyboard.put(b"world", None)
    keyboard.restart(b"hello ")
    keyboard.pump(target, 0.0)
    assert target.read == b"hello world"
