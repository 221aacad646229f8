"""`Repl` against every answer that a board can give, over a loopback link."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.board import repl as repl_module
from harness.board.repl import Repl
from harness.deadline import Deadline
from harness.errors import (
    DeviceException,
    DeviceFrame,
    LinkLost,
    LinkTimeout,
    LocalProtocolError,
    RemoteProtocolError,
)
from harness.link.loopback import Echo, Flood, Loopback, Script, Silence

if TYPE_CHECKING:
    from tests.unit.conftest import MakeWired, Ran

ENTER = b"\r\x03\x03\r\x01"
BANNER = b"raw REPL; CTRL-B to exit\r\n>"
DIVIDED = (
    b"Traceback (most recent call last):\r\n"
    b'  File "<stdin>", line 3, in <module>\r\n'
    b'  File "/hil/mqtt.py", line 12, in publish\r\n'
    b"ZeroDivisionError: divide by zero\r\n"
)


def soon() -> Deadline:
    """Return a deadline that only a hang misses."""
    return Deadline.after(5.0)


class Notes:
    """Keeps what the observer of a `Repl` is told."""

    def __init__(self) -> None:
        self.all: list[tuple[str, bytes, DeviceException | None]] = []

    def on_exec(
        self, source: str, output: bytes, error: DeviceException | None, seconds: float
    ) -> None:
        """Keep it."""
        assert seconds >= 0
        self.all.append((source, output, error))


def test_enter_reaches_the_raw_prompt(make_wired: MakeWired) -> None:
    wired = make_wired(enter=False)
    before = wired.repl.is_idle
    wired.repl.enter(soon())
    assert (before, wired.repl.is_idle) == (False, True)
    assert wired.side.writes == [ENTER]


def test_enter_tries_again_while_the_board_boots(
    make_wired: MakeWired, ran: type[Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repl_module, "ENTER_RETRY_S", 0.02)
    wired = make_wired(lambda _: ran(b"1\r\n"), enter=False)
    wired.side.deaf = 3
    wired.repl.enter(soon())
    assert wired.side.writes == [ENTER] * 4
    assert wired.repl.exec("print(1)", soon()) == b"1\r\n"


def test_enter_takes_no_late_banner_for_the_answer_to_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(repl_module, "ENTER_RETRY_S", 0.02)
    paste = b"\x05A\x01"
    # The board answers to both tries after the second, and its second answer is under way still
    # when the first has been read.
    script = Script(
        [
            (ENTER, b""),
            (ENTER, BANNER + b"\r\n" + BANNER),
            (paste, b"R\x01\x20\x00\x01"),
            (b"print(1)\x04", b"\x041\r\n\x04\x04>"),
        ]
    )
    repl = Repl(Loopback(script, piece_bytes=len(BANNER)))
    repl.enter(soon())
    assert repl.exec("print(1)", soon()) == b"1\r\n"
    assert repl.has_raw_paste
    assert script.is_finished


@pytest.mark.parametrize(
    ("peer", "said", "advice"),
    [
        (Silence(), "the port is silent", "powered"),
        (Echo(), "the port echoes what is sent", "loop-back"),
        (Flood(b"\x00\xffgarbage"), "does not answer as a MicroPython REPL", "Ctrl-C"),
        (Script([(ENTER, b"login: ")]), "does not answer as a MicroPython REPL", "firmware"),
    ],
    ids=["silent", "echo", "flood", "other"],
)
def test_enter_without_a_repl_ends_by_its_deadline(
    peer: Silence, said: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repl_module, "ENTER_RETRY_S", 0.2)
    began_s = time.monotonic()
    with pytest.raises(LinkTimeout) as caught:
        Repl(Loopback(peer, name="port X")).enter(Deadline.after(0.1))
    assert time.monotonic() - began_s < 1.0
    assert said in caught.value.tried
    assert "within 0.1 s" in caught.value.tried
    assert caught.value.on == "port X"
    assert "raw REPL" in caught.value.expected
    assert advice in caught.value.advice


def test_enter_error_quotes_the_last_bytes() -> None:
    with pytest.raises(LinkTimeout) as caught:
        Repl(Loopback(Flood(b"garbage!"))).enter(Deadline.after(0.05))
    assert caught.value.received.endswith(b"garbage!")
    assert "garbage!'" in caught.value.got
    assert len(caught.value.received) <= repl_module.KEPT_BYTES


def test_exec_returns_what_was_printed_byte_by_byte(make_wired: MakeWired, ran: type[Ran]) -> None:
    wired = make_wired(lambda _: ran("38 °C\r\n".encode() + bytes(range(5, 256))))
    assert wired.repl.exec("x", soon()) == "38 °C\r\n".encode() + bytes(range(5, 256))
    assert wired.side.sources == ["x"]


@given(piece_bytes=st.integers(1, 40))
def test_exec_gives_the_same_for_every_split(piece_bytes: int) -> None:
    answers = [
        (ENTER, b"\r\n>>> \r\n" + BANNER),
        (b"\x05A\x01", b"R\x01\x08\x00"),
        (b"01234567", b"\x01"),
        (b"89\x04", b"\x04out\r\n\x04" + DIVIDED + b"\x04>"),
    ]
    repl = Repl(Loopback(Script(answers), piece_bytes=piece_bytes))
    repl.enter(soon())
    with pytest.raises(DeviceException) as caught:
        repl.exec("0123456789", soon())
    assert caught.value.output == b"out\r\n"
    assert caught.value.type_name == "ZeroDivisionError"
    assert repl.is_idle


def test_exec_raises_what_the_board_raised_with_the_repository_file(
    make_wired: MakeWired, ran: type[Ran]
) -> None:
    wired = make_wired(lambda _: ran(b"before\r\n", DIVIDED))
    wired.repl.places["/hil/mqtt.py"] = "device_src/mqtt.py"
    with pytest.raises(DeviceException) as caught:
        wired.repl.exec("x", soon())
    assert caught.value.type_name == "ZeroDivisionError"
    assert caught.value.message == "divide by zero"
    assert caught.value.output == b"before\r\n"
    assert caught.value.frames == (
        DeviceFrame("<stdin>", 3, "<module>"),
        DeviceFrame("device_src/mqtt.py", 12, "publish"),
    )
    assert "device_src/mqtt.py:12" in caught.value.tried
    assert wired.repl.is_idle


def test_exec_tells_the_observer_and_keeps_a_secret(make_wired: MakeWired, ran: type[Ran]) -> None:
    notes = Notes()
    wired = make_wired(lambda source: ran(b"ok", DIVIDED if "/" in source else b""), observer=notes)
    wired.repl.exec("a", soon())
    wired.repl.exec("wifi('secret')", soon(), quiet=True)
    with pytest.raises(DeviceException):
        wired.repl.exec("1/0", soon())
    (first, second, third) = notes.all
    assert first == ("a", b"ok", None)
    assert "secret" not in second[0]
    assert third[0] == "1/0"
    assert third[2] is not None
    assert third[2].type_name == "ZeroDivisionError"


def test_exec_of_an_empty_source_is_no_soft_reset(make_wired: MakeWired) -> None:
    wired = make_wired()
    assert wired.repl.exec("", soon()) == b""
    assert wired.side.sources == ["#"]


def test_exec_past_its_deadline_carries_the_last_bytes(
    make_wired: MakeWired, ran: type[Ran]
) -> None:
    wired = make_wired(lambda _: ran(b"step 1\r\nstep 2\r\n", is_endless=True))
    with pytest.raises(LinkTimeout) as caught:
        wired.repl.exec("x", Deadline.after(0.05))
    assert not wired.repl.is_idle
    assert caught.value.on == "loopback"
    assert caught.value.received.endswith(b"step 2\r\n")
    assert "step 2" in caught.value.got


def test_start_that_the_board_does_not_take_names_what_was_awaited() -> None:
    answers = [(ENTER, BANNER), (b"\x05A\x01", b"R\x01\x08\x00"), (b"01234567", b"?!")]
    repl = Repl(Loopback(Script(answers)))
    repl.enter(soon())
    with pytest.raises(LinkTimeout) as caught:
        repl.start("0123456789", Deadline.after(0.05))
    assert caught.value.tried == "could not send code to the board within 0.05 s"
    assert caught.value.expected == "accepted"
    assert caught.value.received.endswith(b"?!")
    assert "hil doctor" in caught.value.advice


def test_exec_during_a_flood_ends_by_its_deadline() -> None:
    class Floods(Script):
        def speak(self) -> bytes:
            return b"flood\r\n" * 100 if self.is_finished else b""

    script = Floods(
        [(ENTER, BANNER), (b"\x05A\x01", b"R\x01\x20\x00"), (b"x\x04", b"\x04")],
    )
    repl = Repl(Loopback(script))
    repl.enter(soon())
    began_s = time.monotonic()
    with pytest.raises(LinkTimeout) as caught:
        repl.exec("x", Deadline.after(0.1))
    assert time.monotonic() - began_s < 1.0
    assert b"flood\r\n" in caught.value.received


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        (b"(38,)\r\n", 38),
        (b"('caf\xc3\xa9',)\r\n", "café"),
        (b"((1, [b'\\x00']),)\r\n", (1, [b"\0"])),
    ],
)
def test_evaluate_returns_literals(
    make_wired: MakeWired, ran: type[Ran], printed: bytes, value: object
) -> None:
    wired = make_wired(lambda _: ran(printed))
    assert wired.repl.evaluate("x", soon()) == value
    assert wired.side.sources == ["print((x,))"]


@pytest.mark.parametrize("printed", [b"(<WLAN>,)\r\n", b"", b"\xff\xfe", b"1 + x", b"38"])
def test_evaluate_of_what_is_no_literal_says_so(
    make_wired: MakeWired, ran: type[Ran], printed: bytes
) -> None:
    wired = make_wired(lambda _: ran(printed))
    with pytest.raises(RemoteProtocolError, match="the value of 'x' is no literal"):
        wired.repl.evaluate("x", soon())


def test_code_at_the_wrong_moment_is_our_own_error(make_wired: MakeWired, ran: type[Ran]) -> None:
    wired = make_wired(lambda _: ran(is_endless=True), enter=False)
    with pytest.raises(LocalProtocolError, match="FRIENDLY"):
        wired.repl.exec("x", soon())
    wired.repl.enter(soon())
    wired.repl.start("x", soon())
    with pytest.raises(LocalProtocolError, match="STDOUT"):
        wired.repl.exec("y", soon())


def test_missing_prompt_is_the_boards_error() -> None:
    script = Script(
        [
            (ENTER, BANNER),
            (b"\x05A\x01", b"R\x01\x20\x00"),
            (b"x\x04", b"\x04out\x04\x04what"),
            (ENTER, BANNER),
        ]
    )
    repl = Repl(Loopback(script))
    repl.enter(soon())
    with pytest.raises(RemoteProtocolError, match="no raw prompt") as caught:
        repl.exec("x", soon())
    assert b"what" in caught.value.received
    repl.enter(soon())
    assert repl.is_idle


def test_lost_port_ends_a_wait_at_once(make_wired: MakeWired, ran: type[Ran]) -> None:
    wired = make_wired(lambda _: ran(b"last words", is_endless=True))
    program = wired.repl.start("x", soon())
    wired.link.close()
    deadline = Deadline.after(30.0)
    with pytest.raises(LinkLost):
        program.wait(deadline)
    assert program.output == b"last words"
    assert deadline.remaining_s > 25
