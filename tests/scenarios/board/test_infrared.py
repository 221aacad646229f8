"""Infrared light: what the board sends, what it hears, and two boards that talk by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.deadline import Deadline
from harness.link.rig import BenchEvent
from harness.scenario.dut import BoardUnderTest
from harness.scenario.input import RigInputs
from harness.wire import infrared

if TYPE_CHECKING:
    from collections.abc import Callable

    Becomes = Callable[[str, str], None]
    Witnessed = Callable[[str, int], list[BenchEvent]]

pytestmark = pytest.mark.needs("ir")

#: A host that is busy can stretch a pulse until it is another bit: what is sent is repeated, as the
#: keys of remote controls are, and one of them has to arrive.
ATTEMPTS = 5


def text_of(event: BenchEvent) -> str | infrared.Code | None:
    """Return what a train of pulses says; None when it says nothing."""
    data = infrared.message(event.durations_us)
    return None if data is None else infrared.decode(data)


def sent(board: BoardUnderTest, witnessed: Witnessed, text: str) -> BenchEvent:
    """Have a board send a text until it has left the board unharmed."""
    for attempt in range(1, ATTEMPTS + 1):
        board.exec(f"codey.ir.send({text!r})")
        event = witnessed("ir", attempt)[-1]
        if text_of(event) == text:
            return event
    pytest.fail(f"none of {ATTEMPTS} times did {text!r} leave the board unharmed")


@pytest.mark.requirement("CODEY-IR-01")
@pytest.mark.needs("bench")
@pytest.mark.parametrize("text", ["hello", "", "a\u6e29b", "x" * 31])
def test_text_is_sent_on_a_carrier(codey: BoardUnderTest, witnessed: Witnessed, text: str) -> None:
    event = sent(codey, witnessed, text)
    assert event.frequency_hz == pytest.approx(38000, abs=100)


@pytest.mark.requirement("CODEY-IR-01")
@pytest.mark.needs("bench")
def test_what_is_no_text_is_not_sent(codey: BoardUnderTest, witnessed: Witnessed) -> None:
    codey.exec("codey.ir.send(5); codey.ir.send(None); codey.ir.send(b'x')")
    assert witnessed("ir", 0) == []
    # Shows that the bench does look.
    sent(codey, witnessed, "a text")


@pytest.mark.requirement("CODEY-IR-02")
@pytest.mark.needs("inputs")
def test_text_that_came_last_is_received_once(
    codey: BoardUnderTest, inputs: RigInputs, becomes: Becomes
) -> None:
    # Listens from its first use on.
    becomes("codey.ir.receive()", "''")
    inputs.ir("first")
    inputs.ir("second")
    becomes("codey.ir.receive()", "'second'")
    becomes("codey.ir.receive()", "''")
    becomes("codey.ir.receive_remote_code()", "[0, 0]")


@pytest.mark.requirement("CODEY-IR-03")
@pytest.mark.needs("inputs")
def test_key_of_a_remote_control_is_received_once(
    codey: BoardUnderTest, inputs: RigInputs, becomes: Becomes
) -> None:
    becomes("codey.ir.receive_remote_code()", "[0, 0]")
    inputs.ir_code(4, 88)
    becomes("codey.ir.receive_remote_code()", "[4, 88]")
    becomes("codey.ir.receive_remote_code()", "[0, 0]")
    becomes("codey.ir.receive()", "''")


@pytest.mark.requirement("CODEY-IR-01", "CODEY-IR-02")
@pytest.mark.needs("bench", "inputs")
@pytest.mark.boards(2, roles=["sender", "receiver"])
def test_one_board_hears_what_another_sends(
    boards: dict[str, BoardUnderTest], codey: BoardUnderTest, witnessed: Witnessed
) -> None:
    """The pulses that left one board's pin come to the other's, as they were."""
    receiver = boards["receiver"]
    receiver.exec("import codey; codey.ir.receive()")
    event = sent(boards["sender"], witnessed, "over to you")
    assert receiver.board.rig.inputs is not None
    receiver.board.rig.inputs.set("ir", event.durations_us, Deadline.after(5.0))
    receiver.exec("text = ''\nwhile not text:\n    text = codey.ir.receive()", within_s=10.0)
    assert receiver.evaluate("text") == "over to you"
