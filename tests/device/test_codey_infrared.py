"""`codey.ir`: the pulses that it sends, and what it makes of those that come."""

from __future__ import annotations

import pytest

from tests.device.program import Seen, run_board

#: Plays times of light and darkness to the receiver, whose output is low while there is light.
PRELUDE = """
import codey, machine, time
def hear(pulses):
    time.sleep_ms(50)
    for light, dark in pulses:
        machine.drive(5, 0)
        time.sleep_us(light)
        machine.drive(5, 1)
        time.sleep_us(dark)
    time.sleep_ms(50)
def coded(data, stretch=1):
    yield 9000, 4500
    for byte in data:
        for place in range(8):
            yield int(562 * stretch), int((1687 if byte >> place & 1 else 562) * stretch)
    yield 562, 562
ir = codey.ir
ir.receive()  # the first use begins to listen
"""


def pulses(seen: Seen) -> list[tuple[int, int]]:
    """Return (light, darkness) in us of what was sent; the last darkness has no end."""
    edges = [(at, duty > 0) for at, pin, duty in seen.duties if pin == 26]
    lit = [at for at, is_on in edges if is_on]
    dark = [at for at, is_on in edges[1:] if not is_on]
    return [(off - on, after - off) for on, off, after in zip(lit, dark, lit[1:], strict=False)]


def test_text_is_sent_as_pulses_of_a_38_khz_carrier() -> None:
    seen = run_board(PRELUDE + "ir.send('A')")
    carrier = [call for call in seen.calls if call[1] == 26]
    assert carrier == [["pwm", 26, 38000], ["deinit", 26, 0], ["pin", 26, 0]]
    (lead, *bits) = pulses(seen)
    assert list(lead) == pytest.approx([9000, 4500], abs=30)
    assert [light for light, _ in bits] == pytest.approx([562] * 16, abs=30)
    text = "".join("1" if dark > 1100 else "0" for _, dark in bits)
    # Lowest bit first: 41 hexadecimal and the newline.
    assert text == "10000010" + "01010000"
    assert {round(dark, -2) for _, dark in bits} <= {500, 600, 1700}


@pytest.mark.parametrize("text", ["hello", "", "a\u6e29b", "x" * 31])
def test_text_that_one_board_sends_is_received_by_another(text: str) -> None:
    sent = pulses(run_board(PRELUDE + f"ir.send({text!r})"))
    seen = run_board(
        PRELUDE + f"hear({[*sent, (562, 562)]})\nprint(repr(ir.receive()), repr(ir.receive()))"
    )
    # repr() differs between the interpreters where the text is not ASCII.
    assert seen.lines[0].startswith(repr(text) if text.isascii() else "'a")
    assert seen.lines[0].endswith(" ''")


def test_text_longer_than_31_bytes_is_cut() -> None:
    assert len(pulses(run_board(PRELUDE + "ir.send('x' * 99)"))) == 1 + 8 * 32


@pytest.mark.parametrize("stretch", [0.8, 1, 1.25])
def test_remote_code_is_received_once_with_its_address_and_data(stretch: float) -> None:
    seen = run_board(
        PRELUDE + f"hear(coded((4, 251, 88, 167), {stretch}))\n"
        "print(ir.receive_remote_code(), ir.receive_remote_code(), repr(ir.receive()))"
    )
    assert seen.lines[0] == "[4, 88] [0, 0] ''"


@pytest.mark.parametrize(
    "noise",
    [
        "[(500, 500)] * 3",
        "[(9000, 4500)]",
        "[(9000, 4500), (562, 562)]",
        "[(4000, 4500)] + list(coded(b'hi\\n'))[1:]",
        "coded((4, 250, 88, 167))",
        "coded(b'no newline')",
        "coded(b'\\xff\\xfe\\n')",
        "[(100, 100)] * 600",
    ],
)
def test_what_is_no_message_is_not_received(noise: str) -> None:
    seen = run_board(
        PRELUDE + f"hear({noise})\nprint(repr(ir.receive()), ir.receive_remote_code())\n"
        "hear(coded(b'ok\\n'))\nprint(ir.receive())"
    )
    assert seen.lines[:2] == ["'' [0, 0]", "ok"]


def test_two_messages_before_anybody_looks_are_both_heard() -> None:
    # Edges that come as fast as here leave the ticker no time: the model's clock does not tick.
    seen = run_board(
        PRELUDE + "heard = []\nir.listeners.append(heard.append)\n"
        "pulses = list(coded(b'one\\n'))\npulses[-1] = (562, 40000)\n"
        "hear(pulses + list(coded(b'two\\n')))\nprint(heard)"
    )
    assert seen.lines[0] == "['one', 'two']"


def test_message_whose_second_half_is_told_late_is_whole() -> None:
    seen = run_board(
        PRELUDE + "import time as clock\npulses = list(coded(b'late\\n'))\n"
        "for light, dark in pulses[:20]:\n    machine.drive(5, 0)\n    time.sleep_us(light)\n"
        "    machine.drive(5, 1)\n    time.sleep_us(dark)\n"
        "before = clock.now_us\ntime.sleep_ms(60)\nclock.now_us = before\n"
        "for light, dark in pulses[20:]:\n    machine.drive(5, 0)\n    time.sleep_us(light)\n"
        "    machine.drive(5, 1)\n    time.sleep_us(dark)\n"
        "time.sleep_ms(50)\nprint(repr(ir.receive()))"
    )
    assert seen.lines[0] == "'late'"


def test_own_light_is_not_received() -> None:
    seen = run_board(
        PRELUDE + "import machine\nreal = machine.PWM.duty\n"
        "def duty(self, value):\n    real(self, value)\n    machine.drive(5, 0 if value else 1)\n"
        "machine.PWM.duty = duty\nir.send('me')\ntime.sleep_ms(50)\nprint(repr(ir.receive()))"
    )
    assert seen.lines[0] == "''"


@pytest.mark.parametrize("text", ["5", "None", "b'x'", "True"])
def test_argument_policy_what_is_no_text_is_not_sent(text: str) -> None:
    assert pulses(run_board(PRELUDE + f"print(ir.send({text}))")) == []


def test_event_fires_for_its_text_only() -> None:
    seen = run_board(
        PRELUDE + "import event\n@event.ir_received('go')\ndef handler():\n    print('fired')\n"
        "hear(coded(b'stop\\n'))\nprint('next')\nhear(coded(b'go\\n'))\ntime.sleep_ms(50)"
    )
    assert seen.lines[:2] == ["next", "fired"]
