"""A program that runs: what it prints and reports, and what is said when it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.deadline import Deadline
from harness.errors import DeviceException, ExpectationFailed, LinkTimeout
from harness.wire.probe_record import encode

if TYPE_CHECKING:
    from tests.unit.conftest import Ran
    from tests.unit.scenario.conftest import Hand

RAISED = b"Traceback (most recent call last):\r\nOSError: [Errno 110] ETIMEDOUT\r\n"


def test_text_and_records_are_told_apart(hand: Hand, ran: type[Ran]) -> None:
    printed = b"one\r\n" + encode("mark", 7, name="subscribed") + b"two\r\n"
    program = hand.start("x", ran(printed))
    assert program.expect_end(2.0) is None
    assert program.text == "one\ntwo\n"
    assert [seen.record.fields for seen in program.records] == [{"name": "subscribed"}]
    (noted,) = hand.notebook.of("record")
    assert (noted["what"], noted["ticks_ms"], noted["name"]) == ("mark", 7, "subscribed")


def test_record_ends_a_wait(hand: Hand, ran: type[Ran]) -> None:
    program = hand.start("x", ran(is_endless=True))
    hand.report("mark", name="a")
    hand.report("mark", name="b")
    found = program.expect_record("b", lambda each: each.fields["name"] == "b", 5.0)
    assert found.record.fields["name"] == "b"
    again = program.expect_record("any", lambda _: True, 5.0, after=1)
    assert again == found


@pytest.mark.parametrize(
    ("ended", "state"),
    [
        ("", "it is still running"),
        ("well", "it had ended"),
        ("badly", "it had raised OSError"),
    ],
)
def test_missing_record_says_how_the_program_is(
    hand: Hand, ran: type[Ran], ended: str, state: str
) -> None:
    error = RAISED if ended == "badly" else b""
    program = hand.start("x", ran(b"said this\r\n", error, is_endless=not ended))
    with pytest.raises(ExpectationFailed) as caught:
        program.expect_record("being subscribed", lambda _: False, 0.05)
    assert caught.value.tried == "the program did not report being subscribed within 0.05 s"
    assert caught.value.got == f"{state}; it printed 'said this\\n'"
    assert caught.value.advice == ("OSError: [Errno 110] ETIMEDOUT" if ended == "badly" else "")
    assert caught.value.on == "hand"


def test_text_is_waited_for_and_counted(hand: Hand, ran: type[Ran]) -> None:
    program = hand.start("x", ran(b"tick\r\n", is_endless=True))
    program.expect_text("tick", 5.0)
    with pytest.raises(ExpectationFailed, match=r"did not print 'tick' 2 times within 0\.05 s"):
        program.expect_text("tick", 0.05, count=2)
    hand.wired.link.feed(b"tick\r\n")
    program.expect_text("tick", 5.0, count=2)


def test_end_is_waited_for_and_tells_what_was_raised(hand: Hand, ran: type[Ran]) -> None:
    error = hand.start("x", ran(b"x", RAISED)).expect_end(5.0)
    assert isinstance(error, DeviceException)
    assert error.type_name == "OSError"
    with pytest.raises(ExpectationFailed, match=r"did not end within 0\.05 s"):
        hand.start("y", ran(is_endless=True)).expect_end(0.05)


def test_stop_takes_the_last_words(hand: Hand, ran: type[Ran]) -> None:
    program = hand.start("x", ran(b"first\r\n", is_endless=True))
    hand.wired.link.feed(b"last\r\n" + encode("mark", 1, name="end") + b"\x1e half")
    program.stop()
    assert not program.is_running
    assert program.text == "first\nlast\n\x1e half"
    assert len(program.records) == 1
    program.stop()
    assert program.error is not None


def test_stop_of_a_program_that_hangs_is_the_rigs_fault(hand: Hand, ran: type[Ran]) -> None:
    program = hand.start("x", ran(is_endless=True))
    hand.wired.side.catches = 10**6
    with pytest.raises(LinkTimeout):
        program.stop(0.05)


def test_wait_until_ends_when_the_program_does(hand: Hand, ran: type[Ran]) -> None:
    program = hand.start("x", ran(b"x"))
    deadline = Deadline.after(30.0)
    assert not program.wait_until(lambda: False, deadline)
    assert deadline.remaining_s > 25


def test_exec_returns_text_without_records(hand: Hand, ran: type[Ran]) -> None:
    hand.programs["y = 1"] = ran(b"a\r\n" + encode("led", 1, rgb=[0, 0, 255]) + b"b\r\n")
    assert hand.dut.exec("y = 1") == "a\nb\n"
    assert [seen.record.kind for seen in hand.dut.records] == ["led"]
    assert any("hilprobe.arm(" in source for source in hand.wired.side.sources)


def test_exec_that_raises_is_the_products_fault(hand: Hand, ran: type[Ran]) -> None:
    hand.programs["c.connect"] = ran(b"", RAISED)
    with pytest.raises(ExpectationFailed, match="the code on the board raised") as caught:
        hand.dut.exec("import mqtt\nc.connect()")
    assert caught.value.got == "OSError: [Errno 110] ETIMEDOUT"
    assert caught.value.advice == "the code was: c.connect()"


def test_exec_that_does_not_end_is_interrupted(hand: Hand, ran: type[Ran]) -> None:
    hand.programs["forever"] = ran(b"step\r\n", is_endless=True)
    with pytest.raises(ExpectationFailed, match=r"did not end within 0\.05 s") as caught:
        hand.dut.exec("forever", within_s=0.05)
    assert "step" in caught.value.got
    assert hand.dut.board.repl.is_idle


def test_exec_raises_is_red_for_no_error_and_for_another(hand: Hand, ran: type[Ran]) -> None:
    hand.programs["late"] = ran(b"", RAISED)
    assert hand.dut.exec_raises("late", "OSError").message == "[Errno 110] ETIMEDOUT"
    with pytest.raises(ExpectationFailed, match="did not raise MQTTException") as caught:
        hand.dut.exec_raises("late", "MQTTException")
    assert caught.value.got == "OSError: [Errno 110] ETIMEDOUT"
    hand.programs["fine"] = ran(b"printed\r\n")
    with pytest.raises(ExpectationFailed, match="did not raise OSError") as caught:
        hand.dut.exec_raises("fine", "OSError")
    assert "no exception; it printed 'printed\\n'" in caught.value.got


def test_program_starts_in_a_fresh_interpreter_with_the_probe(hand: Hand, ran: type[Ran]) -> None:
    hand.start("first", ran(is_endless=True))
    hand.start("second", ran(is_endless=True))
    sources = hand.wired.side.sources
    assert [source[:15] for source in sources] == [
        "import hilprobe",
        "first",
        "import hilprobe",
        "second",
    ]
