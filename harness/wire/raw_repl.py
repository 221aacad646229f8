r"""MicroPython's raw REPL as a state machine: bytes in, events out.

    FRIENDLY --enter--> ENTERING --banner--> READY --submit--> PROBING --"R\x01"--> PASTING
                                               ^                  |                     |
                                               |   "R\x00" or a banner: PLAIN --"OK"--.|
                                               |                                       vv
                                               '-- ">" -- PROMPT <-- STDERR <-- 04 -- STDOUT

`sys.exit()` on the board is a soft reset: its message comes in the place of the prompt (EXITED),
and the code is told to have ended with `SystemExit`.

Raw paste carries the source with a flow control window, so that it can be sent at the speed of the
line without overrunning the board; a board that lacks it is told so once and gets plain raw mode.
A source that a board's input buffer holds whole (`is_short`) needs no flow control either, and the
exchange in which raw paste is asked for is half of what a short piece of code costs.

The protocol has no escape: a 04 that a program prints ends its output early, and what follows is
taken for its traceback. Code that the harness runs for itself therefore prints text only.

Source: MicroPython documentation, "The MicroPython interactive mode, aka REPL", raw mode and
raw-paste mode; `shared/runtime/pyexec.c` for what the board sends.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.errors import LocalProtocolError, RemoteProtocolError
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

INTERRUPT = b"\x03"
END = b"\x04"
ENTER_RAW = b"\x01"
LEAVE_RAW = b"\x02"
PASTE_PROBE = b"\x05A\x01"

BANNER = b"raw REPL; CTRL-B to exit\r\n>"
FRIENDLY_PROMPT = b">>> "
REBOOT_MARK = b"soft reboot\r\n"
#: In the place of the prompt after `sys.exit()`; no traceback comes before it.
EXIT_REBOOT = b"MPY: soft reboot\r\n"
EXIT_ERROR = b"SystemExit: the program ended the interpreter"
PASTE_YES = b"R\x01"
PASTE_NO = b"R\x00"
PLAIN_OK = b"OK"

#: The window's size follows as a little-endian number.
WINDOW_BYTES = 2

#: Plain raw mode has no flow control; a board's UART buffer is 256 bytes or more on every port.
PLAIN_PIECE_BYTES = 256

#: A source up to this goes in plain raw mode, with its 04 in one buffer.
SHORT_BYTES = 250

#: Plain raw mode acts on these at once; in raw paste they are data.
_ACTIVE = frozenset(b"\x01\x02\x05")

#: A traceback longer than this is not a traceback.
MAX_ERROR_BYTES = 64 * 1024


def is_short(source: bytes) -> bool:
    """Return whether plain raw mode carries a source as well as raw paste does."""
    return len(source) <= SHORT_BYTES and not _ACTIVE & frozenset(source)


class RawRepl:
    """One board's raw REPL, seen from the host.

    The verbs `enter`, `submit`, `interrupt`, `soft_reset` and `leave` queue bytes; `data_to_send`
    hands them out as the flow control permits; `receive` takes what came and returns what it
    meant. If `receive` raises anything but `RemoteProtocolError`, that is a bug here.
    """

    def __init__(self) -> None:
        """Start at the friendly prompt, which is where a board is after a reset."""
        self._state = State.FRIENDLY
        self._in = bytearray()
        self._out = bytearray()
        self._source = memoryview(b"")
        self._error = bytearray()
        self._window = 0
        self._credit = 0
        self._paste = True
        self._saw_reboot = False
        self._steps: dict[State, Callable[[list[Event]], bool]] = {
            State.FRIENDLY: self._step_idle,
            State.ENTERING: self._step_entering,
            State.READY: self._step_idle,
            State.PROBING: self._step_probing,
            State.WINDOW: self._step_window,
            State.PASTING: self._step_pasting,
            State.PASTED: self._step_pasting,
            State.PLAIN: self._step_plain,
            State.STDOUT: self._step_stdout,
            State.STDERR: self._step_stderr,
            State.PROMPT: self._step_prompt,
            State.EXITED: self._step_exited,
            State.REBOOTING: self._step_rebooting,
            State.LEAVING: self._step_leaving,
        }

    @property
    def state(self) -> State:
        """Where the conversation stands."""
        return self._state

    @property
    def has_raw_paste(self) -> bool:
        """Whether raw paste is used; becomes false when the board says that it has none."""
        return self._paste

    def enter(self) -> None:
        """Ask for the raw prompt, from whatever state the board is in.

        A running program is interrupted, a half-typed line is dropped. May be repeated when no
        answer came.
        """
        self._in.clear()
        self._out.clear()
        self._out += b"\r" + INTERRUPT * 2 + b"\r" + ENTER_RAW
        self._source = memoryview(b"")
        self._state = State.ENTERING

    def leave(self) -> None:
        """Ask for the friendly prompt."""
        self._require(State.READY)
        self._out += LEAVE_RAW
        self._state = State.LEAVING

    def submit(self, source: bytes, *, paste: bool = True) -> None:
        """Send code to be run.

        Args:
            source: Python source in UTF-8. An empty one is sent as a comment, since an empty
                line means a soft reset.
            paste: False asks for plain raw mode even where raw paste is there.

        Raises:
            LocalProtocolError: The board is not at the raw prompt, or the source holds a 04.
        """
        self._require(State.READY)
        if END in source or INTERRUPT in source:
            raise LocalProtocolError(
                "the source to run holds a control byte (03 or 04)",
                expected="text; both bytes end the transfer",
                advice="write it as an escape in a string literal",
            )
        self._source = memoryview(source or b"#")
        self._error.clear()
        if paste and self._paste:
            self._out += PASTE_PROBE
            self._state = State.PROBING
        else:
            self._state = State.PLAIN

    def interrupt(self) -> None:
        """Send Ctrl-C, in any state."""
        self._out += INTERRUPT

    def soft_reset(self) -> None:
        """Ask for a soft reset that ends at the raw prompt: ``boot.py`` runs, ``main.py`` not."""
        self._require(State.READY)
        self._out += END
        self._saw_reboot = False
        self._state = State.REBOOTING

    def data_to_send(self) -> bytes:
        """Return the bytes that may be sent now; empty when the board has to speak first.

        In plain raw mode at most `PLAIN_PIECE_BYTES` of source at a time, so that the caller can
        give the board's UART time to take them.
        """
        out = bytes(self._out)
        self._out.clear()
        if self._state is State.PASTING:
            piece = self._source[: self._credit]
            self._source = self._source[len(piece) :]
            self._credit -= len(piece)
            out += bytes(piece)
            if not self._source:
                # The final 04 needs no credit: the board reads it as the end of the source.
                out += END
                self._state = State.PASTED
        elif self._state is State.PLAIN and self._source:
            piece = self._source[:PLAIN_PIECE_BYTES]
            self._source = self._source[len(piece) :]
            out += bytes(piece)
            if not self._source:
                out += END
        return out

    @property
    def wants_to_send(self) -> bool:
        """Whether `data_to_send` would return bytes now."""
        if self._out:
            return True
        if self._state is State.PASTING:
            return self._credit > 0 or not self._source
        return self._state is State.PLAIN and bool(self._source)

    def receive(self, data: bytes) -> list[Event]:
        """Take bytes from the board.

        Args:
            data: What came, split anywhere.

        Returns:
            What it meant. Another split of the same bytes gives the same events after adjacent
            `Output` and adjacent `Noise` are joined.

        Raises:
            RemoteProtocolError: The board broke the protocol; `enter` starts again.
        """
        self._in += data
        events: list[Event] = []
        while self._step(events):
            pass
        return events

    # Each step consumes from the buffer and returns whether another step may get further.

    def _step(self, events: list[Event]) -> bool:
        return bool(self._in) and self._steps[self._state](events)

    def _step_idle(self, events: list[Event]) -> bool:
        events.append(Noise(self._take(len(self._in))))
        return False

    def _step_entering(self, events: list[Event]) -> bool:
        return self._reach(BANNER, State.READY, Entered(), events)

    def _step_leaving(self, events: list[Event]) -> bool:
        return self._reach(FRIENDLY_PROMPT, State.FRIENDLY, Left(), events)

    def _step_plain(self, events: list[Event]) -> bool:
        if self._source:
            # The board says OK only after the 04 that ends the source.
            return self._step_idle(events)
        return self._reach(PLAIN_OK, State.STDOUT, Accepted(paste=False), events)

    def _step_rebooting(self, events: list[Event]) -> bool:
        if not self._saw_reboot:
            self._saw_reboot = self._find(REBOOT_MARK, events)
            return self._saw_reboot
        return self._reach(BANNER, State.READY, Rebooted(), events)

    def _step_probing(self, events: list[Event]) -> bool:
        found = [
            (index, mark)
            for mark in (PASTE_YES, PASTE_NO, BANNER)
            if (index := self._in.find(mark)) >= 0
        ]
        if not found:
            self._shed(len(BANNER) - 1, events)
            return False
        index, mark = min(found)
        if index:
            events.append(Noise(self._take(index)))
        self._take(len(mark))
        if mark is PASTE_YES:
            self._state = State.WINDOW
        else:
            # Answered once and remembered: an old board prints its banner, a small one says no.
            self._paste = False
            self._state = State.PLAIN
        return True

    def _step_window(self, _events: list[Event]) -> bool:
        if len(self._in) < WINDOW_BYTES:
            return False
        self._window = int.from_bytes(self._take(WINDOW_BYTES), "little")
        if self._window == 0:
            raise self._broken("the board announced a raw-paste window of 0 bytes", "1 or more")
        self._credit = self._window
        self._state = State.PASTING
        return True

    def _step_pasting(self, events: list[Event]) -> bool:
        byte = self._in[0]
        if byte == ENTER_RAW[0]:
            self._take(1)
            self._credit += self._window
            return True
        if byte == END[0]:
            self._take(1)
            if self._state is State.PASTING:
                # The board wants no more (its compiler or its heap gave up): acknowledge and
                # drop the rest; what went wrong comes as the traceback.
                self._source = memoryview(b"")
                self._out += END
            self._state = State.STDOUT
            events.append(Accepted(paste=True))
            return True
        size = next(
            (i for i, b in enumerate(self._in) if b in (ENTER_RAW[0], END[0])), len(self._in)
        )
        events.append(Noise(self._take(size)))
        return True

    def _step_stdout(self, events: list[Event]) -> bool:
        end = self._in.find(END)
        if end < 0:
            events.append(Output(self._take(len(self._in))))
            return False
        if end:
            events.append(Output(self._take(end)))
        self._take(1)
        self._state = State.STDERR
        return True

    def _step_stderr(self, _events: list[Event]) -> bool:
        end = self._in.find(END)
        self._error += self._take(len(self._in) if end < 0 else end)
        if len(self._error) > MAX_ERROR_BYTES:
            raise self._broken(
                "the board's traceback does not end", f"at most {MAX_ERROR_BYTES} bytes, then 04"
            )
        if end < 0:
            return False
        self._take(1)
        self._state = State.PROMPT
        return True

    def _step_prompt(self, events: list[Event]) -> bool:
        if EXIT_REBOOT.startswith(self._in[: len(EXIT_REBOOT)]):
            if len(self._in) < len(EXIT_REBOOT):
                return False
            self._take(len(EXIT_REBOOT))
            self._state = State.EXITED
            return True
        if self._in[:1] != b">":
            raise self._broken("no raw prompt came after the code had ended", "b'>'")
        self._take(1)
        self._state = State.READY
        events.append(Completed(bytes(self._error)))
        return True

    def _step_exited(self, events: list[Event]) -> bool:
        ended = Completed(bytes(self._error) or EXIT_ERROR)
        return self._reach(BANNER, State.READY, ended, events)

    def _reach(self, mark: bytes, state: State, event: Event, events: list[Event]) -> bool:
        """Look for the mark that leads to a state."""
        if not self._find(mark, events):
            return False
        self._state = state
        events.append(event)
        return True

    def _find(self, mark: bytes, events: list[Event]) -> bool:
        """Consume up to and with `mark`; what comes before it is noise."""
        index = self._in.find(mark)
        if index < 0:
            self._shed(len(mark) - 1, events)
            return False
        if index:
            events.append(Noise(self._take(index)))
        self._take(len(mark))
        return True

    def _shed(self, keep: int, events: list[Event]) -> None:
        """Give out as noise all but the bytes that may begin a mark, so that no buffer grows."""
        size = len(self._in) - keep
        if size > 0:
            events.append(Noise(self._take(size)))

    def _take(self, size: int) -> bytes:
        data = bytes(self._in[:size])
        del self._in[:size]
        return data

    def _require(self, state: State) -> None:
        if self._state is not state:
            raise LocalProtocolError(
                f"the raw REPL was used in state {self._state.name}", expected=state.name
            )

    def _broken(self, tried: str, expected: str) -> RemoteProtocolError:
        received = bytes(self._error[-80:]) + bytes(self._in)
        self._in.clear()
        self._state = State.FRIENDLY
        return RemoteProtocolError(
            tried,
            received=received,
            expected=expected,
            advice="a program that prints the byte 04 ends its own output: print text only",
        )
